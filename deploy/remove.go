package deploy

import (
	"context"
	"fmt"
	"os"
)

// Remove ends the programs and takes away what Apply has installed, for the
// parts that are chosen. Data, logs and the user that they belong to stay.
func (d *Deployment) Remove(ctx context.Context, options Options) error {
	w, err := d.newWork(options)
	if err != nil {
		return err
	}
	defer w.end()
	var steps []step
	if w.nginx {
		steps = append(steps, step{"Take nginx's and logrotate's configuration away", nginx{d}.remove})
		if d.Root == "" {
			steps = append(steps, step{"Take " + localName(d.Name) + " out of " + hostsFile, d.removeHost})
		}
	}
	if w.keeper != nil {
		steps = append(steps,
			step{"End the programs, and take their configuration away from " + w.keeper.name(), func(ctx context.Context) (string, error) {
				removed, err := w.keeper.remove(ctx)
				if err == nil && !removed {
					return "was not there", nil
				}
				return "", err
			}},
			step{"Remove " + d.HomeDir(), func(context.Context) (string, error) { return "", os.RemoveAll(d.HomeDir()) }})
	}
	if err := follow(ctx, options.Out, steps, options.DryRun); err != nil || options.DryRun {
		return err
	}
	fmt.Fprintf(options.Out, "Kept: the data in %s, the logs in %s", d.DataDir(), d.LogDir())
	if d.Root == "" {
		fmt.Fprintf(options.Out, ", and the user %s, whom they belong to", d.Name)
	}
	fmt.Fprintln(options.Out, ".")
	return nil
}
