// Package wholefile replaces files such that nobody sees half of one.
package wholefile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Write replaces the file name by what write writes, by renaming a temporary file in the
// same folder. After an error the file is as before. The file has the mode, whatever the
// umask is.
func Write(name string, mode fs.FileMode, write func(to io.Writer) error) error {
	temp, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	if err := errors.Join(write(temp), temp.Chmod(mode), temp.Sync(), temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), name)
}
