//go:build unix

package deploy

import (
	"io/fs"
	"os"
	"syscall"
)

// isOwner reports whether a file belongs to a user.
func isOwner(info fs.FileInfo, uid int) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == uid
}

// openPlain opens a file for reading. A symbolic link is an error, and a pipe without
// a writer is not waited for.
func openPlain(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
}
