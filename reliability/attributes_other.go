//go:build !linux

package main

import "syscall"

// attributes has nothing to say where there is no /proc to measure with either.
func attributes() *syscall.SysProcAttr { return nil }
