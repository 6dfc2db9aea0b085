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
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run returns the exit status: 1 if something could not be measured, 2 for wrong
// usage. A missed bar is reported and is no failure.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	only := flags.String("only", "", "measure only these parts, separated by commas: "+partNames())
	cores := flags.Bool("cores", false, "measure requests a second on half of the cores, as -only cores does")
	all := flags.Bool("all", false, "measure all peers, and scale")
	short := flags.Bool("short", false, "little of everything: for trying, not for the tables")
	soak := flags.Duration("soak", 0, "load the server for so long, too")
	output := flags.String("o", "", "write the page to this `file`, with its charts and all figures beside it")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if *cores {
		*only = strings.TrimPrefix(*only+",cores", ",")
	}
	chosen, err := choose(*only, *all, *soak)
	if err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return 2
	}
	beside := strings.TrimSuffix(*output, ".md")
	r := newResults()
	if *output != "" {
		if r, err = loadResults(beside + ".json"); err != nil {
			fmt.Fprintln(stderr, "bench:", err)
			return 1
		}
	}
	l, err := newLab(ctx, *short, *soak, stderr)
	if err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return 1
	}
	defer l.close()
	debug.SetGCPercent(400) // so that the load disturbs less

	measureParts(ctx, l, r, chosen, "go run . "+strings.Join(args, " "))
	if ctx.Err() != nil {
		fmt.Fprintln(stderr, "bench: interrupted, nothing is written")
		return 130
	}
	if err := errors.Join(r.write(*output, beside, stdout), r.err(chosen)); err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return 1
	}
	return 0
}

// measureParts measures parts and replaces their earlier results.
func measureParts(ctx context.Context, l *lab, r *results, chosen []part, command string) {
	r.Machine = machine()
	for _, p := range peers {
		if version := p.version(l); version != "" {
			r.Versions[p.name] = version
		}
	}
	for _, p := range chosen {
		if ctx.Err() != nil {
			return
		}
		l.say("%s", p.name)
		began := time.Now()
		r.forget(p.name)
		p.run(ctx, l, r, p.name)
		r.Commands[p.name], r.Took[p.name] = command, time.Since(began).Round(time.Second).String()
	}
}

// write writes the results, the page and the charts, or without a file the page to
// stdout.
func (r *results) write(page, beside string, stdout io.Writer) error {
	if page == "" {
		_, err := io.WriteString(stdout, r.page(""))
		return err
	}
	before, err := os.ReadFile(page)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	err = errors.Join(
		r.save(beside+".json"),
		os.WriteFile(page, []byte(r.page(string(before))), 0o644),
		os.WriteFile(beside+".svg", []byte(r.chart()), 0o644),
	)
	if curve := r.curve(); curve != "" {
		err = errors.Join(err, os.WriteFile(beside+"-size.svg", []byte(curve), 0o644))
	}
	return err
}

// err returns an error for what this run could not measure, except for peers that are
// not installed.
func (r *results) err(chosen []part) error {
	var errs []error
	for _, m := range r.Missing {
		for _, p := range chosen {
			if p.name == m.Part && !strings.Contains(m.Why, "not installed") {
				errs = append(errs, fmt.Errorf("%s, %s: %s", m.Part, m.What, m.Why))
			}
		}
	}
	return errors.Join(errs...)
}
