//go:build !unix

package deploy

import (
	"errors"
	"os"
	"os/exec"
)

var errSystem = errors.New("deploying needs Unix; apiphant deploy render works everywhere")

func lookup(string) (uid, gid int, err error) { return 0, 0, errSystem }
func runAs(*exec.Cmd, string) error           { return errSystem }
func lock(string) (*os.File, error)           { return nil, errSystem }
func unlock(*os.File) error                   { return errSystem }
func detach(*exec.Cmd)                        {}
func isAlive(int) bool                        { return false }
