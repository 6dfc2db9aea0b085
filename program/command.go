package program

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// Exit statuses of every command.
const (
	ExitOK      = 0
	ExitFailure = 1
	ExitUsage   = 2
)

// Execute runs a command with its subcommands, in the manner of all of
// apiphant's: settings come from flags before the environment, an error is one
// message on stderr, and wrong usage is told with a line that shows the right one.
func Execute(ctx context.Context, root *cobra.Command, args []string, stdout, stderr io.Writer) int {
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return UsageError{err} })
	root.PersistentPreRunE = func(command *cobra.Command, _ []string) error {
		return fromEnvironment(command.Flags())
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
	case err == nil:
		return ExitOK
	case errors.As(err, &status):
		return int(status)
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "%s: %v\nusage: %s\n       %s --help says more\n", root.Name(), err, command.UseLine(), command.CommandPath())
		return ExitUsage
	default:
		fmt.Fprintf(stderr, "%s: %v\n", root.Name(), err)
		return ExitFailure
	}
}

// UsageError is an error of who typed the command.
type UsageError struct{ Err error }

func (e UsageError) Error() string { return e.Err.Error() }
func (e UsageError) Unwrap() error { return e.Err }

// ExitStatus is an error that has been told already, in another process perhaps.
type ExitStatus int

func (s ExitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// Arguments makes what a command takes its arguments: one name for each, and as
// a UsageError what is missing or too many.
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
