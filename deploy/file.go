package deploy

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// underway is the end of the name of a file that is being written. None of those
// who read whole folders of configurations takes it for one, not even logrotate.
const underway = ".dpkg-new"

// writeFile writes a file at once, and not at all if it has that content.
func writeFile(name string, content []byte, mode fs.FileMode) (changed bool, err error) {
	if have, err := os.ReadFile(name); err == nil && bytes.Equal(have, content) {
		return false, nil
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return false, err
	}
	temp := name + underway
	defer os.Remove(temp)
	if err := os.WriteFile(temp, content, mode); err != nil {
		return false, err
	}
	if err := os.Chmod(temp, mode); err != nil { // whatever the umask says
		return false, err
	}
	return true, os.Rename(temp, name)
}

// replaced is a file that has a new content, and can have its old one back.
type replaced struct {
	name    string
	old     []byte
	existed bool
	changed bool
}

// replace gives a file a new content.
func replace(name string, content []byte) (r replaced, err error) {
	r.name = name
	r.old, err = os.ReadFile(name)
	r.existed = err == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return r, err
	}
	r.changed, err = writeFile(name, content, 0o644)
	return r, err
}

// putBack undoes what replace did.
func (r replaced) putBack() error {
	switch {
	case !r.changed:
		return nil
	case !r.existed:
		return os.Remove(r.name)
	}
	_, err := writeFile(r.name, r.old, 0o644)
	return err
}

// removeFile removes a file, and tells whether it was there.
func removeFile(name string) (removed bool, err error) {
	err = os.Remove(name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return false, nil
	}
	return err == nil, err
}

// makeFolder makes a folder, and those above it, that all may read, whatever the
// umask says.
func makeFolder(name string) error {
	if err := os.MkdirAll(name, 0o755); err != nil {
		return err
	}
	return os.Chmod(name, 0o755)
}

// copyFile writes a copy for all to read.
func copyFile(from, to string, mode fs.FileMode) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Chmod(mode), out.Sync(), out.Close())
}
