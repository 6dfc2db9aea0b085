//go:build !linux

package main

import "syscall"

// attributes returns nil: without /proc nothing can be measured on other systems.
func attributes() *syscall.SysProcAttr { return nil }
