//go:build unix && !linux

package deploy

import "syscall"

// endWithParent does nothing here. On Linux it lets the kernel end the child with its
// parent.
func endWithParent(*syscall.SysProcAttr) {}
