package deploy

import (
	"context"
	"fmt"
	"os"
)

// Remove stops the programs and removes what Apply installed for the chosen parts.
// It keeps the data, the logs, and the user who owns them.
func (d *Deployment) Remove(ctx context.Context, options Options) error {
	w, err := d.newWork(options)
	if err != nil {
		return err
	}
	defer w.end()
	var steps []step
	if w.nginx {
		steps = append(steps, step{"Remove the configurations of nginx and logrotate", nginx{d}.remove})
		if d.Root == "" {
			steps = append(steps, step{"Remove " + localName(d.Name) + " from " + hostsFile, d.removeHost})
		}
	}
	if w.manager != nil {
		steps = append(steps,
			step{"Stop the programs, and remove their configuration from " + w.manager.name(), func(ctx context.Context) (string, error) {
				removed, err := w.manager.remove(ctx)
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
		fmt.Fprintf(options.Out, ", and the user %s, who owns them", d.Name)
	}
	fmt.Fprintln(options.Out, ".")
	return nil
}
