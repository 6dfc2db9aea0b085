//go:build !unix

package deploy

import (
	"errors"
	"io"
	"os/exec"
)

var errSystem = errors.New("deploying needs Unix; apiphant deploy render works everywhere")

func lookup(string) (uid, gid int, err error) { return 0, 0, errSystem }
func runAs(*exec.Cmd, string) error           { return errSystem }
func lock(string) (io.Closer, error)          { return nil, errSystem }
func isAlive(int) bool                        { return false }
