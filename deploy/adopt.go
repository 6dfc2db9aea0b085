package deploy

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
)

// adoptStep gives the mark to what look has returned: what a version without marks
// deployed, which is recognized by its form.
func (w *work) adoptStep(adopted []target) step {
	return step{"Mark what a version without marks deployed", func(context.Context) (string, error) {
		for _, target := range adopted {
			if err := target.mark(); err != nil {
				return "", err
			}
		}
		if w.nginx && w.Root == "" {
			if err := w.markHost(); err != nil {
				return "", err
			}
		}
		return fmt.Sprintf("%d marked", len(adopted)), nil
	}}
}

// hasForm reports whether the file of a piece names what only the deployment has.
func (d *Deployment) hasForm(piece Piece) bool {
	content, err := os.ReadFile(d.Target(piece))
	info, missing := os.Lstat(d.Target(piece))
	if err != nil || missing != nil || !info.Mode().IsRegular() || !d.isProof(info) || !d.homeHasForm() {
		return false
	}
	want := map[string]string{
		"supervisor":         "\ncommand=" + d.Program() + " ",
		"nginx":              "root " + d.Current() + "/public;",
		"logrotate":          "\n" + d.LogDir() + "/nginx-*.log {",
		"systemd-service":    "\nExecStart=" + d.Program() + " serve ",
		"systemd-socket":     "\nPartOf=" + d.Name + ".target\n",
		"systemd-background": "\nExecStart=" + d.Program() + " background ",
		"systemd-target":     "\nDescription=" + d.Name + "\n",
	}[piece.Name]
	return bytes.Contains(content, []byte(want))
}

// folderHasForm reports whether a folder could be the deployment's, which it is if the
// folder of the releases is.
func (d *Deployment) folderHasForm(folder string) bool {
	info, err := os.Lstat(folder)
	return err == nil && info.IsDir() && (d.isProof(info) || d.isUsers(folder, info)) && d.homeHasForm()
}

// homeHasForm reports whether /opt/NAME has releases, a link "current" into them, and
// nothing that is not a deployment's.
func (d *Deployment) homeHasForm() bool {
	info, err := os.Lstat(d.HomeDir())
	if err != nil || !info.IsDir() || !d.isProof(info) {
		return false
	}
	entries, err := os.ReadDir(d.HomeDir())
	if err != nil {
		return false
	}
	for _, entry := range entries {
		if name := entry.Name(); !slices.Contains([]string{"releases", "current", "proven", markFile}, name) && !strings.HasSuffix(name, tempSuffix) {
			return false
		}
	}
	target, err := os.Readlink(d.Current())
	return err == nil && filepath.Dir(filepath.Clean(target)) == "releases" && filepath.IsLocal(target)
}

// markFile puts the mark before the content of a file.
func (d *Deployment) markFile(name string) error {
	content, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	return putFile(name, append([]byte(d.header()), content...), 0o644)
}

// userHasForm reports whether the user is one that a version without marks created.
func (d *Deployment) userHasForm() bool {
	known, err := user.Lookup(d.User())
	return err == nil && known.Uid != "0" && known.HomeDir == d.DataDir() && (known.Name == d.Name || known.Name == "") && d.homeHasForm()
}

func (d *Deployment) markUser() error {
	_, err := run(context.Background(), "usermod", "--comment", d.Mark(), d.User())
	return err
}

// markHost gives the mark to the line of the hosts file that a version without marks
// wrote.
func (d *Deployment) markHost() error {
	content, err := os.ReadFile(hostsFile)
	if err != nil {
		return err
	}
	lines := slices.Collect(strings.Lines(string(content)))
	i := slices.Index(lines, oldHostLine(localName(d.Name))+"\n")
	if i < 0 {
		return nil
	}
	lines[i] = d.hostLine()
	return overwrite(hostsFile, strings.Join(lines, ""))
}
