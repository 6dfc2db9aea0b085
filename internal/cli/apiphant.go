package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/apiphant/apiphant/internal/command"
	"github.com/apiphant/apiphant/internal/product"
	"github.com/apiphant/apiphant/program/serve"
	"github.com/apiphant/apiphant/server"
)

// Apiphant is the command apiphant. It returns the exit status: 0, 1 for a
// failure, 2 for wrong usage.
func Apiphant(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	settings := &serve.Settings{}
	reload, poll := false, time.Duration(0)
	root := &cobra.Command{
		Use:   "apiphant PATH HOST:PORT",
		Short: "Serve a folder of plain Go functions as a JSON API",
		Long: `Serve the Go functions below PATH/api as a JSON API at HOST:PORT.

The function Read of the package in PATH/api/v0/echo answers POST /api/v0/echo/read,
and so do Create, Update and Delete:

    func Read(ctx context.Context, request apiphant.Object) (apiphant.Object, error)

PATH needs no go.mod, no main and no registration. It is compiled with go build,
and nothing is written into it. IPv6 is written [::1]:8001; port 0 takes a free one.
SIGTERM and SIGINT let every client finish before the program ends.`,
		Example: `  apiphant myproduct 127.0.0.1:8001
  curl -d '{"hello": "world"}' http://127.0.0.1:8001/api/v0/echo/read

  apiphant myproduct 127.0.0.1:8001 --reload      # build and serve anew on every save
  apiphant ./new 127.0.0.1:8001                   # a product named like a command`,
		Args:    command.Arguments("PATH", "HOST:PORT"),
		Version: version(),
		RunE: func(cmd *cobra.Command, args []string) error {
			path, address := args[0], args[1]
			if err := settings.Check(); err != nil {
				return err
			}
			if _, err := server.ParseAddress(address); err != nil {
				return command.UsageError{Err: err}
			}
			arguments := append([]string{"serve", address}, given(cmd.Flags(), "reload", "reload-poll")...)
			if poll < 0 {
				return command.UsageError{Err: fmt.Errorf("--reload-poll is %s: want 0 or more", poll)}
			}
			if reload || poll > 0 {
				return serveAndReload(cmd, path, address, arguments, poll)
			}
			return buildAndRun(cmd, path, arguments)
		},
	}
	settings.AddFlags(root.Flags())
	root.Flags().BoolVar(&reload, "reload", false, "build and serve anew when a file is saved, dropping no request [APIPHANT_RELOAD]")
	root.Flags().DurationVar(&poll, "reload-poll", 0, "--reload that looks at the files that often, where no events of files come, as in containers on a desktop or on NFS: 1s [APIPHANT_RELOAD_POLL]")
	root.AddCommand(newCommand(), buildCommand(), routesCommand(), generateCommand(), deployCommand(), packageCommand(), keysCommand(), callCommand(), lambdaCommand())
	return command.Execute(ctx, root, args, stdout, stderr)
}

// given returns the flags that were typed, to be passed on to the product.
func given(flags *pflag.FlagSet, but ...string) (args []string) {
	flags.Visit(func(flag *pflag.Flag) {
		if slices.Contains(but, flag.Name) || command.IsFromEnvironment(flag) {
			return
		}
		value := flag.Value.String()
		if list, ok := flag.Value.(pflag.SliceValue); ok { // it would write brackets
			value = strings.Join(list.GetSlice(), ",")
		}
		args = append(args, "--"+flag.Name+"="+value)
	})
	return args
}

// buildAndRun replaces this process with the product's program.
func buildAndRun(cmd *cobra.Command, path string, args []string) error {
	found, err := product.Load(path)
	if err != nil {
		return err
	}
	for _, warning := range found.Warnings {
		fmt.Fprintln(cmd.ErrOrStderr(), "Warning: "+warning)
	}
	binary, err := build(cmd, found, "")
	if err != nil {
		return err
	}
	status, err := product.Exec(binary, withSource(args, found), os.Environ())
	if err != nil {
		return err
	}
	return ended(status)
}

func build(cmd *cobra.Command, found *product.Product, output string) (string, error) {
	ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	return found.Build(ctx, product.BuildOptions{Output: output, Progress: cmd.ErrOrStderr()})
}

func serveAndReload(cmd *cobra.Command, path, address string, args []string, poll time.Duration) error {
	found, err := product.Find(path)
	if err != nil {
		return err
	}
	ln, err := server.Listen(address)
	if err != nil {
		return err
	}
	defer ln.Close()
	status, err := found.Reload(cmd.Context(), product.ReloadOptions{
		Listener: ln,
		Poll:     poll,
		Args:     withSource(args, found),
		Stdout:   cmd.OutOrStdout(),
		Stderr:   cmd.ErrOrStderr(),
	})
	if err != nil {
		return err
	}
	return ended(status)
}

// withSource lets the program say in its log where it comes from.
func withSource(args []string, found *product.Product) []string {
	if args[0] != "serve" {
		return args
	}
	return append(args, "--source="+found.Dir)
}

func ended(status int) error {
	if status == command.ExitOK {
		return nil
	}
	return command.ExitStatus(status)
}
