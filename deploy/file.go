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

// tempSuffix ends the name of a file that is being written. nginx, supervisord and
// logrotate, which read whole folders, all ignore files with this suffix.
const tempSuffix = ".dpkg-new"

// writeFile writes a file by renaming a temporary one, so that nobody reads half of
// it. It reports whether the content differs from that before; if not, it does nothing.
func writeFile(name string, content []byte, mode fs.FileMode) (changed bool, err error) {
	if have, err := os.ReadFile(name); err == nil && bytes.Equal(have, content) {
		return false, nil
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return false, err
	}
	return true, putFile(name, content, mode)
}

// putFile writes a file by renaming a temporary one. It replaces a symbolic link, and
// follows none.
func putFile(name string, content []byte, mode fs.FileMode) error {
	name = filepath.Clean(name)
	temp := filepath.Join(filepath.Dir(name), "."+filepath.Base(name)+tempSuffix)
	_ = os.Remove(temp) // of a deployment that was interrupted
	file, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	defer os.Remove(temp)
	_, err = file.Write(content)
	if err := errors.Join(err, file.Chmod(mode), file.Close()); err != nil { // the umask may have removed bits of the mode
		return err
	}
	return os.Rename(temp, name)
}

// replaced is a file with a new content, whose old content can be restored.
type replaced struct {
	name    string
	old     []byte
	existed bool
	changed bool
}

// replace writes a new content to a file, and keeps the old one.
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

// putBack restores what was there before replace.
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

// removeFile removes a file and reports whether it existed.
func removeFile(name string) (removed bool, err error) {
	err = os.Remove(name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return false, nil
	}
	return err == nil, err
}

// makeFolder creates a folder and its parents. All users may read it, whatever the
// umask is.
func makeFolder(name string) error {
	if err := os.MkdirAll(name, 0o755); err != nil {
		return err
	}
	return os.Chmod(name, 0o755)
}

// copyFile copies a file and sets the mode of the copy.
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
