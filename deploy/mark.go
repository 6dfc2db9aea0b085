package deploy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// What a deployment puts on a machine carries the mark of its product: a file in its
// first line, a folder in the file [markFile], the Unix user in its comment, and the
// line of the hosts file in its comment. Whatever stands there without the mark belongs
// to somebody else, and is neither changed nor removed.

// markFile is the file in a folder of a deployment that has the mark in its first line.
const markFile = ".apiphant"

// Mark returns the text by which the files, the folders and the user of the product are
// recognized.
func (d *Deployment) Mark() string { return "apiphant product " + d.Name }

// header returns the first line of the files of a deployment. nginx, supervisor,
// systemd and logrotate take it for a comment.
func (d *Deployment) header() string {
	return "# " + d.Mark() + ": its deployment replaces and removes this.\n"
}

// owns reports whether a file is there and carries the mark.
func (d *Deployment) owns(file string) bool {
	_, err := os.Lstat(file)
	return err == nil && d.foreignFile(file) == nil
}

// ownsFolder reports whether a folder is there and carries the mark.
func (d *Deployment) ownsFolder(folder string) bool {
	_, err := os.Lstat(folder)
	return err == nil && d.foreignFolder(folder) == nil
}

// foreignFile returns why a file does not belong to the deployment, or nil if it does,
// or if there is none.
func (d *Deployment) foreignFile(name string) error {
	info, err := lookAt(name)
	switch {
	case info == nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a file", name)
	case !d.isProof(info):
		return fmt.Errorf("%s can be written by others", name)
	}
	line, err := firstLine(name)
	if err == nil && !strings.HasPrefix(line, "# "+d.Mark()+":") {
		err = fmt.Errorf("%s does not begin with the line \"# %s: …\"", name, d.Mark())
	}
	return err
}

// lookAt returns what is known of a file or folder; nil where there is none, and nil with
// an error where it is a symbolic link, which is not followed.
func lookAt(name string) (fs.FileInfo, error) {
	info, err := os.Lstat(name)
	switch {
	case isAbsent(err):
		return nil, nil
	case err != nil:
		return nil, err
	case info.Mode()&fs.ModeSymlink != 0:
		return nil, fmt.Errorf("%s is a symbolic link", name)
	}
	return info, nil
}

// foreignFolder returns why a folder does not belong to the deployment, or nil if it
// does, or if there is none. A folder that others may write to is no proof, and a
// symbolic link is not followed.
func (d *Deployment) foreignFolder(name string) error {
	info, err := lookAt(name)
	switch {
	case info == nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is not a folder", name)
	case !d.isProof(info) && !d.isUsers(name, info):
		return fmt.Errorf("%s can be written by others", name)
	}
	mark := filepath.Join(name, markFile)
	if _, err := os.Lstat(mark); isAbsent(err) {
		return fmt.Errorf("%s has no file %s", name, markFile)
	}
	return d.foreignFile(mark)
}

// isProof reports whether only the user who deploys may write to a file: root, or with
// [Deployment.Root] the present user.
func (d *Deployment) isProof(info fs.FileInfo) bool {
	deployer := 0
	if d.Root != "" {
		deployer = os.Geteuid()
	}
	return info.Mode().Perm()&0o022 == 0 && isOwner(info, deployer)
}

// isUsers reports whether a folder is the data folder, and belongs to the user of the
// processes. The mark in it belongs to root all the same.
func (d *Deployment) isUsers(folder string, info fs.FileInfo) bool {
	if folder != d.DataDir() || d.User() == "" || info.Mode().Perm()&0o022 != 0 {
		return false
	}
	uid, _, err := lookup(d.User())
	return err == nil && isOwner(info, uid)
}

func isAbsent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// firstLine returns the beginning of a file. It neither follows a symbolic link nor
// waits for a pipe, which the user could put into the data folder.
func firstLine(name string) (string, error) {
	file, err := openPlain(name)
	if err != nil {
		return "", err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, 512))
	line, _, _ := bytes.Cut(content, []byte("\n"))
	return string(line), err
}

// removeOwn removes a file that carries the mark, and reports whether it did. It leaves
// any other file.
func (d *Deployment) removeOwn(name string) (removed bool, err error) {
	if !d.owns(name) {
		return false, nil
	}
	return removeFile(name)
}

// makeOwn creates a folder with the mark in it. The folder appears at once, so that a
// deployment that is interrupted leaves none without the mark. An existing folder stays:
// [work.look] has found the mark in it.
func (d *Deployment) makeOwn(name string) error {
	if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(err, d.foreignFolder(name))
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	temp := aside(name)
	_ = removeAside(name) // of a deployment that was interrupted
	if err := os.Mkdir(temp, 0o700); err != nil {
		return err
	}
	err := errors.Join(d.putMark(temp), os.Chmod(temp, 0o755))
	if err == nil {
		err = os.Rename(temp, name)
	}
	return err
}

// aside returns the name that a folder has while it gets its mark, and loses it.
func aside(folder string) string {
	return filepath.Join(filepath.Dir(folder), "."+filepath.Base(folder)+tempSuffix)
}

// removeAside removes a folder that has nothing but its mark from where aside says.
func removeAside(folder string) error {
	_, err := removeFile(filepath.Join(aside(folder), markFile))
	return errors.Join(err, os.Remove(aside(folder)))
}

// putMark writes the mark into a folder.
func (d *Deployment) putMark(folder string) error {
	return putFile(filepath.Join(folder, markFile), []byte(d.header()), 0o644)
}
