package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run returns the exit status: 1 if a bar was missed or nothing could be measured, 2
// for wrong usage.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("reliability", flag.ContinueOnError)
	flags.SetOutput(stderr)
	only := flags.String("only", "", "run only these scenarios, separated by commas: "+names(scenarios))
	short := flags.Bool("short", false, "small numbers and one round: for trying it, not for the tables")
	output := flags.String("o", "", "write the tables to this `file`")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	chosen, err := choose(scenarios, *only)
	if err != nil {
		fmt.Fprintln(stderr, "reliability:", err)
		return 2
	}
	debug.SetGCPercent(400) // so that this program's collector disturbs less
	lab, err := newLab(ctx, *short, stdout)
	if err != nil {
		fmt.Fprintln(stderr, "reliability:", err)
		return 1
	}
	defer lab.close()
	stop := context.AfterFunc(ctx, func() {
		lab.close()
		os.Exit(130)
	})
	defer stop()

	sections := measure(ctx, lab, chosen)
	if *output != "" {
		page := renderPage("go run ./reliability "+strings.Join(args, " "), sections)
		if err := os.WriteFile(*output, []byte(page), 0o644); err != nil {
			fmt.Fprintln(stderr, "reliability:", err)
			return 1
		}
	}
	return verdict(sections, stdout)
}
