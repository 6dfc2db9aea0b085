//go:build !unix

package product

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
)

// Exec runs the binary with args (without its own name) and env as a child,
// since a process can't be replaced here: interrupts, which the child gets too,
// are left to it, and its exit status is returned when it has ended.
func Exec(binary string, args, env []string) (status int, err error) {
	command := exec.Command(binary, args...)
	command.Env = env
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)
	err = command.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return exit.ExitCode(), nil
	}
	return 0, err
}
