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

// makeUser creates the system user. [work.look] has found the mark of one that exists.
func (d *Deployment) makeUser(ctx context.Context) (string, error) {
	_, err := user.Lookup(d.User())
	if unknown := user.UnknownUserError(""); !errors.As(err, &unknown) {
		return "exists", errors.Join(err, d.foreignUser())
	}
	_, err = run(ctx, "useradd", "--system", "--user-group", "--home-dir", d.DataDir(), "--no-create-home",
		"--shell", "/usr/sbin/nologin", "--comment", d.Mark(), d.User())
	return "created", err
}

// foreignUser returns why the system user does not belong to the deployment, or nil if
// it does, or if there is neither a user nor a group of that name.
func (d *Deployment) foreignUser() error {
	known, err := user.Lookup(d.User())
	if unknown := user.UnknownUserError(""); errors.As(err, &unknown) {
		if group, err := user.LookupGroup(d.User()); err == nil {
			return fmt.Errorf("the group %s exists, without a user of that name", group.Name)
		}
		return nil
	}
	switch {
	case err != nil:
		return err
	case known.Name != d.Mark() || known.Uid == "0":
		return fmt.Errorf("the user %s exists without the comment %q", known.Username, d.Mark())
	case known.HomeDir != d.DataDir():
		return fmt.Errorf("the user %s has the home folder %s in place of %s", known.Username, known.HomeDir, d.DataDir())
	}
	return nil
}

// makeFolders creates the folders of the deployment. The folder of the logs belongs
// to root, who opens them: another owner could place a symbolic link there. Only the
// processes need the data folder, which belongs to their user.
func (d *Deployment) makeFolders(withData bool) error {
	for _, folder := range []string{d.HomeDir(), d.LogDir()} {
		if err := errors.Join(d.makeOwn(folder), os.Chmod(folder, 0o755)); err != nil {
			return err
		}
	}
	if err := makeFolder(d.releasesDir()); err != nil {
		return err
	}
	if d.Root != "" {
		if err := errors.Join(os.MkdirAll(d.at("/run"), 0o755), os.MkdirAll(d.at("/var/lib"), 0o755)); err != nil {
			return err
		}
	}
	if !withData {
		return nil
	}
	if err := d.makeOwn(d.DataDir()); err != nil || d.User() == "" {
		return err
	}
	uid, gid, err := lookup(d.User())
	if err != nil {
		return err
	}
	return errors.Join(os.Lchown(d.DataDir(), uid, gid), os.Chmod(d.DataDir(), 0o750))
}

// makeLogs creates log files before nginx and supervisord do, whose new files all users
// may read. logrotate gives nginx's later files the same mode. supervisord makes its own
// by its umask.
func (d *Deployment) makeLogs(names ...string) error {
	for _, name := range names {
		if err := makeLog(d.LogDir() + "/" + name); err != nil {
			return err
		}
	}
	return nil
}

// makeLog creates a log file, or changes the mode of one. A link or a device in its place
// is left as it is: a mode that is set by way of a link to /dev/null would be that of
// /dev/null itself.
func makeLog(name string) error {
	info, err := os.Lstat(name)
	switch {
	case isAbsent(err):
		file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
		if err != nil {
			return err
		}
		return errors.Join(file.Chmod(0o640), file.Close())
	case err != nil:
		return err
	case info.Mode().IsRegular():
		return os.Chmod(name, 0o640)
	case info.Mode()&(fs.ModeSymlink|fs.ModeDevice) != 0:
		return nil
	}
	return fmt.Errorf("%s is not a file (%s), and a log can't be written to it", name, info.Mode().Type())
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
	line := d.hostLine()
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

// hostLine returns the line of the hosts file. The comment is the mark.
func (d *Deployment) hostLine() string {
	return oldHostLine(d.Domain) + "\t# " + d.Mark() + "\n"
}

// oldHostLine returns what versions without marks wrote, but for the end of the line.
func oldHostLine(name string) string { return "127.0.0.1\t" + name }

// removeHost removes the line that addHost wrote.
func (d *Deployment) removeHost(context.Context) (string, error) {
	content, err := os.ReadFile(hostsFile)
	if err != nil {
		return "", err
	}
	rest := slices.DeleteFunc(slices.Collect(strings.Lines(string(content))), func(line string) bool {
		return strings.HasSuffix(strings.TrimRight(line, "\r\n"), "\t# "+d.Mark())
	})
	without := strings.Join(rest, "")
	if string(content) == without {
		return "was not there", nil
	}
	return "removed", overwrite(hostsFile, without)
}

// overwrite gives a file another content in place. In a container the hosts file is a
// mount, which can't be replaced by renaming. The file is cut last, so that it is never
// empty.
func overwrite(name, content string) error {
	file, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteAt([]byte(content), 0)
	if err == nil {
		err = file.Truncate(int64(len(content)))
	}
	return errors.Join(err, file.Close())
}
