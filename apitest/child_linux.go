package apitest

import "syscall"

// endWithParent lets the product end with the test's process.
func endWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
}
