package program

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/internal/command"
	"github.com/apiphant/apiphant/internal/safely"
)

// Product is what a program is made of.
type Product struct {
	Name  string        // of the program and its messages: "shop"
	API   *apiphant.API // the functions that are called from outside
	Doors []Door        // the commands that call them
}

// Door is a way by which a product's functions are called. It is one command of
// the product's program.
type Door interface {
	// Command returns the command, for a program that is made of p. The
	// command's context is the program's; an error that it returns is printed,
	// and the exit status is 1.
	//
	// A command that runs the product's functions calls p.OpenDatabase for its
	// flag --database, then p.Start, and p.Stop when all functions have returned.
	Command(p Product) *cobra.Command
}

// Hosted is a [Door] whose host starts programs without arguments, as AWS Lambda does.
type Hosted interface {
	// IsHosted reports whether the door's host has started this process. Without
	// arguments it then runs the door's command.
	IsHosted() bool
}

// Main is the main function of a product: it runs the command that the process
// was started with, and exits with its status. See [Product.Run].
func Main(product Product) {
	os.Exit(product.Run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}

// Run runs the command in args: that of a door, routes or help. It returns the
// exit status: 0, 1 for a failure, 2 for wrong usage. It returns when the command
// has ended; serve, for one, ends with SIGINT, SIGTERM or ctx, after a drain.
func (p Product) Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := &cobra.Command{
		Use:   p.Name + " COMMAND",
		Short: fmt.Sprintf("%s, a JSON API", p.Name),
		Long: p.Name + ` is a JSON API in one program. It needs nothing beside it.

It was built by apiphant, which turns plain Go functions into a JSON API.`,
		Example: "  " + p.Name + " serve 127.0.0.1:8001\n  " + p.Name + " routes\n  " + p.Name + " serve --help",
		Version: command.Version(),

		DisableFlagsInUseLine: true,
	}
	for _, door := range p.Doors {
		made := door.Command(p)
		if hosted, ok := door.(Hosted); ok && len(args) == 0 && hosted.IsHosted() {
			args = []string{made.Name()}
		}
		root.AddCommand(made)
	}
	root.AddCommand(p.routesCommand())
	p.addAbsent(root)
	return command.Execute(ctx, root, args, stdout, stderr)
}

// Start calls the API's Start, if there is one. A panic in it is an error.
func (p Product) Start(ctx context.Context) error { return call(ctx, "Start", p.API.Start) }

// Stop calls the API's Stop, if there is one. A panic in it is an error.
func (p Product) Stop(ctx context.Context) error { return call(ctx, "Stop", p.API.Stop) }

func call(ctx context.Context, name string, f func(context.Context) error) error {
	if f == nil {
		return nil
	}
	if err := safely.Run(func() error { return f(ctx) }); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
