package program

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/background"
)

// Product is what a program is made of.
type Product struct {
	Name string        // "myproduct"
	API  *apiphant.API // what it serves

	// Background is what it has in api/background; nil: nothing.
	Background *background.Product

	successorPatience time.Duration // 0: the constant of that name
}

// Main is the main function of a product: it does what the command line says
// and ends the process with its exit status. See [Product.Run].
func Main(product Product) {
	os.Exit(product.Run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}

// Run does what args say (serve, background, routes, help …) and returns the exit status: 0,
// 1 for a failure, 2 for wrong usage. It returns when the work is done, for
// serve after SIGINT or SIGTERM or the end of ctx, once all is drained.
func (p Product) Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := &cobra.Command{
		Use:   p.Name + " COMMAND",
		Short: fmt.Sprintf("%s, a JSON API", p.Name),
		Long: p.Name + ` is a JSON API in one program. It needs nothing beside it.

It was built by apiphant, which turns plain Go functions into a JSON API.`,
		Example: "  " + p.Name + " serve 127.0.0.1:8001\n  " + p.Name + " routes\n  " + p.Name + " serve --help",
		Version: Version(),

		DisableFlagsInUseLine: true,
	}
	root.AddCommand(p.serveCommand(), p.backgroundCommand(), p.routesCommand())
	return Execute(ctx, root, args, stdout, stderr)
}

// Version returns the version that the program was built from, and with which Go.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	version := info.Main.Version
	if version == "" {
		version = "(devel)"
	}
	return fmt.Sprintf("%s %s", version, info.GoVersion)
}

// start runs the product's Start. A panic in it is an error like another.
func (p Product) start(ctx context.Context) error { return hook(ctx, "Start", p.API.Start) }

func (p Product) stop(ctx context.Context) error { return hook(ctx, "Stop", p.API.Stop) }

func hook(ctx context.Context, name string, f func(context.Context) error) (err error) {
	if f == nil {
		return nil
	}
	defer func() {
		if value := recover(); value != nil {
			err = fmt.Errorf("%s: panic: %v\n%s", name, value, debug.Stack())
		}
	}()
	if err := f(ctx); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
