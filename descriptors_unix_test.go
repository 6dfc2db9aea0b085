//go:build unix

package apiphant_test

import (
	"syscall"
	"testing"
)

// withoutDescriptors lets the process open nothing until restore is called.
func withoutDescriptors(t *testing.T) (restore func()) {
	t.Helper()
	var before syscall.Rlimit
	err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before)
	if err == nil {
		none := before
		none.Cur = 0
		err = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &none)
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
			t.Fatal(err)
		}
	}
}
