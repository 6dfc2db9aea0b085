package deploy

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Remove stops the programs and removes what Apply installed for the chosen parts: what
// carries the mark of the product, and nothing else. It keeps the data, the logs, and
// the user who owns them.
func (d *Deployment) Remove(ctx context.Context, options Options) error {
	w, err := d.newWork(options)
	if err != nil {
		return err
	}
	defer w.end()
	if err := w.takeLockEarly(ctx); err != nil {
		return err
	}
	var steps []step
	if options.Adopt {
		steps = append(steps, w.adoptStep(w.adoptable()))
	}
	if w.nginx {
		steps = append(steps, step{"Remove the configurations of nginx and logrotate", nginx{d}.remove})
		if d.Root == "" {
			steps = append(steps, step{"Remove " + localName(d.Name) + " from " + hostsFile, d.removeHost})
		}
	}
	if w.manager != nil {
		steps = append(steps,
			step{"Stop the programs, and remove their configuration from " + w.manager.name(), w.removePrograms},
			step{"Remove " + d.HomeDir(), d.removeHome})
	}
	if err := follow(ctx, options.Out, steps, options.DryRun); err != nil || options.DryRun {
		return err
	}
	w.reportLeft()
	return nil
}

// adoptable returns what a version without marks deployed.
func (w *work) adoptable() (adopted []target) {
	for _, target := range w.targets() {
		if target.foreign != nil && target.hasForm {
			adopted = append(adopted, target)
		}
	}
	return adopted
}

// removePrograms does nothing without the folder that the programs are in: whatever has
// their name is somebody else's.
func (w *work) removePrograms(ctx context.Context) (string, error) {
	if !w.ownsFolder(w.HomeDir()) {
		return "was not there", nil
	}
	removed, err := w.manager.remove(ctx)
	if err == nil && !removed {
		return "was not there", nil
	}
	return "", err
}

// removeHome removes the releases, and then the folder, unless there is something else
// in it.
func (d *Deployment) removeHome(context.Context) (string, error) {
	if !d.ownsFolder(d.HomeDir()) {
		return "was not there", nil
	}
	_, link := removeFile(d.Current())
	_, temp := removeFile(d.Current() + tempSuffix)
	_, proven := removeFile(d.provenLink())
	_, provenTemp := removeFile(d.provenLink() + tempSuffix)
	if err := errors.Join(link, temp, proven, provenTemp, os.RemoveAll(d.releasesDir())); err != nil {
		return "", err
	}
	entries, err := os.ReadDir(d.HomeDir())
	if err != nil {
		return "", err
	}
	if len(entries) > 1 {
		return "all but what is not its own", nil
	}
	if err := os.Rename(d.HomeDir(), aside(d.HomeDir())); err != nil { // never there without its mark
		return "", err
	}
	return "", removeAside(d.HomeDir())
}

// reportLeft writes what is still there, with the reason.
func (w *work) reportLeft() {
	out, adoptable := w.options.Out, false
	for _, target := range w.targets() {
		if target.foreign != nil {
			fmt.Fprintf(out, "Left, since it is not the product's own: %v.\n", target.foreign)
			adoptable = adoptable || target.hasForm
		}
	}
	if adoptable {
		fmt.Fprintln(out, "If an apiphant that wrote no marks has deployed it, add --adopt.")
	}
	if w.manager != nil && w.ownsFolder(w.HomeDir()) {
		entries, _ := os.ReadDir(w.HomeDir())
		for _, entry := range entries {
			if entry.Name() != markFile {
				fmt.Fprintf(out, "Left, since it is not the product's own: %s.\n", filepath.Join(w.HomeDir(), entry.Name()))
			}
		}
	}
	if _, err := os.Lstat(w.LogDir()); errors.Is(err, fs.ErrNotExist) {
		return // it was never deployed
	}
	fmt.Fprintf(out, "Kept: the data in %s, the logs in %s", w.DataDir(), w.LogDir())
	if w.User() != "" {
		fmt.Fprintf(out, ", and the user %s, who owns them", w.Name)
	}
	fmt.Fprintln(out, ".")
}
