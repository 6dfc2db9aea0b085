package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// Exit statuses of every command.
const (
	ExitOK      = 0
	ExitFailure = 1
	ExitUsage   = 2
)

// Execute runs a command with its subcommands and returns the exit status.
// Flags that were not given are set from the environment first. An error is
// printed to stderr; a [UsageError] is followed by the usage line.
func Execute(ctx context.Context, root *cobra.Command, args []string, stdout, stderr io.Writer) int {
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return UsageError{err} })
	root.PersistentPreRunE = func(command *cobra.Command, _ []string) error {
		return FromEnvironment(command.Flags())
	}
	if root.RunE == nil {
		root.RunE = func(*cobra.Command, []string) error { return UsageError{errors.New("a command is missing")} }
		root.Args = func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return UsageError{fmt.Errorf("there is no command %q", args[0])}
			}
			return nil
		}
	}
	command, err := root.ExecuteContextC(ctx)
	var usage UsageError
	var status ExitStatus
	switch {
	case err == nil || errors.As(err, &status):
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "%s: %v\nusage: %s\n       %s --help says more\n", root.Name(), err, command.UseLine(), command.CommandPath())
	default:
		fmt.Fprintf(stderr, "%s: %v\n", root.Name(), err)
	}
	return statusOf(err)
}

// statusOf returns the exit status of a command that returned err.
func statusOf(err error) int {
	var usage UsageError
	var status ExitStatus
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &status):
		return int(status)
	case errors.As(err, &usage):
		return ExitUsage
	}
	return ExitFailure
}

// Reported returns the error of a command whose error err was printed already. The
// exit status is that of err.
func Reported(err error) error { return ExitStatus(statusOf(err)) }

// UsageError is a mistake in what was typed. The exit status is ExitUsage.
type UsageError struct{ Err error }

func (e UsageError) Error() string { return e.Err.Error() }
func (e UsageError) Unwrap() error { return e.Err }

// ExitStatus is an error whose message was printed already, for example by
// another process. Execute returns it and prints nothing.
type ExitStatus int

func (s ExitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// Arguments makes a command take exactly the named arguments. One that is
// missing, or one too many, is a [UsageError].
func Arguments(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return UsageError{fmt.Errorf("%s is missing", strings.Join(names[len(args):], " "))}
		case len(args) > len(names):
			return UsageError{fmt.Errorf("%q is one argument too many", args[len(names)])}
		}
		return nil
	}
}

// packaged is the version of the package that a program is built for. The linker sets
// it, by internal/product: a product's module is the main module, which has no version
// where it is built in its own folder.
var packaged string

// Version returns the version of the package that the program is in, or else of its main
// module, and of Go.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	version := cmp.Or(packaged, info.Main.Version, "(devel)")
	return fmt.Sprintf("%s %s", version, info.GoVersion)
}
