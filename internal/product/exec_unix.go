//go:build unix

package product

import "syscall"

// Exec replaces this process with the binary, run with args (without its own
// name) and env, so that its signals and its exit status are the process's. It
// returns only where that fails.
//
// Where a process can't be replaced, the binary runs as a child: signals are
// passed on, and its exit status is returned when it has ended.
func Exec(binary string, args, env []string) (status int, err error) {
	return 1, syscall.Exec(binary, append([]string{binary}, args...), env)
}
