//go:build !linux

package apitest

import "syscall"

func endWithParent() *syscall.SysProcAttr { return nil }
