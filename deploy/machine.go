package deploy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"slices"
	"strings"
	"time"
)

// debianPackage is a package, and a program in it whose presence shows that it is
// installed.
type debianPackage struct{ program, name string }

// installPackages installs the packages whose programs are missing.
func installPackages(ctx context.Context, packages []debianPackage) (string, error) {
	var missing []string
	for _, p := range packages {
		if find(p.program) == "" {
			missing = append(missing, p.name)
		}
	}
	if len(missing) == 0 {
		return "all are installed", nil
	}
	if find("apt-get") == "" {
		return "", fmt.Errorf("not installed: %s, and there is no apt-get: install them by other means", strings.Join(missing, ", "))
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	install := append([]string{"-o", "Acquire::http::Timeout=20", "-o", "Acquire::Retries=1", "-o", "DPkg::Lock::Timeout=60",
		"install", "--yes", "--no-install-recommends"}, missing...)
	_, err := run(ctx, "apt-get", install...)
	if err != nil { // perhaps the package lists are old, or were never fetched
		if _, err = run(ctx, "apt-get", append(slices.Clone(install[:6]), "update")...); err == nil {
			_, err = run(ctx, "apt-get", install...)
		}
	}
	if err != nil {
		return "", fmt.Errorf("not installed: %s, and apt-get can't install them: %w", strings.Join(missing, ", "), err)
	}
	return "installed " + strings.Join(missing, ", "), nil
}

// makeUser creates the system user. If a user of that name exists with another home
// folder, it belongs to something else, and makeUser returns an error.
func (d *Deployment) makeUser(ctx context.Context) (string, error) {
	known, err := user.Lookup(d.User())
	switch unknown := user.UnknownUserError(""); {
	case err == nil && known.HomeDir == d.DataDir():
		return "exists", nil
	case err == nil:
		return "", fmt.Errorf("the user %s exists with the home folder %s, so it is not that of %s: give the product another NAME in %s", d.User(), known.HomeDir, d.Name, ConfFile)
	case !errors.As(err, &unknown):
		return "", err
	}
	_, err = run(ctx, "useradd", "--system", "--user-group", "--home-dir", d.DataDir(), "--no-create-home",
		"--shell", "/usr/sbin/nologin", "--comment", d.Name, d.User())
	return "created", err
}

// makeFolders creates the folders of the deployment. The folder of the logs belongs
// to root, who opens them: another owner could place a symbolic link there.
func (d *Deployment) makeFolders(context.Context) (string, error) {
	for _, folder := range []string{d.HomeDir(), d.releasesDir(), d.LogDir(), d.DataDir()} {
		if err := makeFolder(folder); err != nil {
			return "", err
		}
	}
	if d.User() == "" {
		return "", os.MkdirAll(d.at("/run"), 0o755)
	}
	uid, gid, err := lookup(d.User())
	if err != nil {
		return "", err
	}
	return "", errors.Join(os.Chown(d.DataDir(), uid, gid), os.Chmod(d.DataDir(), 0o750))
}

const hostsFile = "/etc/hosts"

// knowsHost reports whether a hosts file has an address for a name.
func knowsHost(content []byte, name string) bool {
	for line := range strings.Lines(string(content)) {
		line, _, _ = strings.Cut(line, "#")
		if fields := strings.Fields(line); len(fields) > 1 && slices.Contains(fields[1:], name) {
			return true
		}
	}
	return false
}

// addHost adds the product's local name to the hosts file. It writes to the file
// itself: in a container the file is a mount and cannot be replaced by renaming.
func (d *Deployment) addHost(context.Context) (string, error) {
	content, err := os.ReadFile(hostsFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if knowsHost(content, d.Domain) {
		return "is already there", nil
	}
	line := hostLine(d.Domain)
	if len(content) > 0 && !bytes.HasSuffix(content, []byte("\n")) {
		line = "\n" + line
	}
	file, err := os.OpenFile(hostsFile, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return "", err
	}
	_, err = file.WriteString(line)
	return "added", errors.Join(err, file.Close())
}

func hostLine(name string) string { return "127.0.0.1\t" + name + "\n" }

// removeHost removes the line that addHost wrote.
func (d *Deployment) removeHost(context.Context) (string, error) {
	content, err := os.ReadFile(hostsFile)
	if err != nil {
		return "", err
	}
	rest := slices.DeleteFunc(slices.Collect(strings.Lines(string(content))), func(line string) bool {
		return line == hostLine(localName(d.Name))
	})
	without := []byte(strings.Join(rest, ""))
	if bytes.Equal(content, without) {
		return "was not there", nil
	}
	return "removed", os.WriteFile(hostsFile, without, 0o644)
}
