package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/apiphant/apiphant/internal/load"
)

// restarts: keep-alive clients, and clients that open a connection for each request,
// ask all the time while the product is replaced by a new version of itself, three
// times each way: by a successor that it starts on SIGHUP after its file was replaced;
// by a supervisor that holds the listening socket, stops the old process and starts
// the new one; and behind nginx, one of two processes after the other. The bar: every
// request is answered with 2xx; none is refused and none is lost. On SIGTERM under
// 200 clients, with nothing else that would take over, every request that was sent is
// answered. If a successor can't start, the old process goes on, and nothing is lost.
var restarts = scenario{
	name:  "restarts",
	title: "Restarts under load",
	about: "50 keep-alive clients, and 10 with a new connection for each request, ask all the time, each again within 20 ms of its answer. A request is *lost* if any of it was sent and it was not answered completely, and *refused* if no connection could be opened.",
	run:   runRestarts,
}

const (
	restartTimes = 3
	crowd        = 50
	pause        = 20 * time.Millisecond
	newProcess   = 15 * time.Second // until the old process has ended and the new one serves
)

var restartWays = []struct {
	what string
	run  func(ctx context.Context, lab *lab) ([]row, error)
}{
	{"by SIGHUP", restartBySuccessor},
	{"by a supervisor", restartByHolder},
	{"behind nginx", restartBehindNginx},
	{"SIGTERM", terminate},
	{"a broken successor", restartInVain},
}

func runRestarts(ctx context.Context, lab *lab) (rows []row, err error) {
	for _, way := range restartWays {
		got, err := way.run(ctx, lab)
		rows = append(rows, got...)
		if err != nil {
			rows = append(rows, unmeasured(way.what, err))
		}
		lab.stopAll()
	}
	return rows, nil
}

// lossless returns the rows of a load of which no request may fail.
func lossless(what string, tally load.Tally) []row {
	tries := int(tally.OK + tally.Failed())
	return []row{
		none(what+": requests lost", int(tally.Lost), tries).because(only("lost", tally.Problems)),
		none(what+": requests refused", int(tally.Refused), tries).because(only("refused", tally.Problems)),
		none(what+": answers other than 2xx", int(tally.Other), tries).because(only("other", tally.Problems)),
	}
}

// only returns the problems of one kind.
func only(kind string, problems []string) (some []string) {
	for _, problem := range problems {
		if strings.HasPrefix(problem, kind) {
			some = append(some, problem)
		}
	}
	return some
}

// under does something a number of times while clients ask, also before, between and
// after.
func under(ctx context.Context, address string, times int, do func(i int) error) (load.Tally, error) {
	fresh := load.Start(load.Load{Address: address, Clients: crowd / 5, Pause: pause, PerConnection: 1})
	defer fresh.Stop()
	running := load.Start(load.Load{Address: address, Clients: crowd, Pause: pause})
	defer running.Stop()
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	err := running.Await(ctx, 20*crowd)
	for i := 0; i < times && err == nil; i++ {
		if err = do(i); err == nil {
			err = running.Await(ctx, 20*crowd)
		}
	}
	return sum(running.Stop(), fresh.Stop()), err
}

func sum(a, b load.Tally) load.Tally {
	return load.Tally{
		OK: a.OK + b.OK, Refused: a.Refused + b.Refused, Lost: a.Lost + b.Lost, Other: a.Other + b.Other, Closed: a.Closed + b.Closed,
		Slowest:  max(a.Slowest, b.Slowest),
		Problems: append(a.Problems, b.Problems...),
	}
}

func restartByHolder(ctx context.Context, lab *lab) ([]row, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer ln.Close()
	file, err := ln.(*net.TCPListener).File()
	if err != nil {
		return nil, err
	}
	defer file.Close()
	address := ln.Addr().String()
	p, err := lab.serveAt(ctx, address, file)
	if err != nil {
		return nil, err
	}
	tally, err := under(ctx, address, restartTimes, func(int) (err error) {
		if err := p.terminate(ctx); err != nil {
			return err
		}
		p, err = lab.serveAt(ctx, address, file)
		return err
	})
	rows := lossless(fmt.Sprintf("a supervisor that holds the socket, %d times", restartTimes), tally)
	rows[0].measured += fmt.Sprintf("; the slowest took %s", span(tally.Slowest))
	return rows, err
}

// terminate ends a process by SIGTERM, as service managers do, and waits for its end.
func (p *process) terminate(ctx context.Context) error {
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return await(ctx, newProcess, func() error {
		switch {
		case p.alive():
			return errors.New("the process doesn't end on SIGTERM")
		case p.err != nil:
			return permanent{fmt.Errorf("the process ends on SIGTERM with %w", p.err)}
		}
		return nil
	})
}

func terminate(ctx context.Context, lab *lab) (rows []row, err error) {
	for _, kind := range []struct {
		what          string
		perConnection int
	}{{"keep-alive clients", 0}, {"clients with a new connection each time", 1}} {
		var total load.Tally
		for range restartTimes {
			tally, err := terminateUnder(ctx, lab, kind.perConnection)
			if err != nil {
				return rows, err
			}
			total = sum(total, tally)
		}
		what := fmt.Sprintf("SIGTERM under %d %s, %d times", terminated, kind.what, restartTimes)
		tries := int(total.OK + total.Lost + total.Other)
		rows = append(rows,
			none(what+": requests sent and not answered", int(total.Lost), tries).because(only("lost", total.Problems)),
			none(what+": answers other than 2xx", int(total.Other), tries).because(only("other", total.Problems)))
	}
	return rows, nil
}

const terminated = 200 // clients

func terminateUnder(ctx context.Context, lab *lab, perConnection int) (load.Tally, error) {
	p, err := lab.serve(ctx)
	if err != nil {
		return load.Tally{}, err
	}
	running := load.Start(load.Load{Address: p.address, Clients: terminated, Pause: pause, PerConnection: perConnection})
	defer running.Stop()
	if err := running.Await(ctx, 10*terminated); err != nil {
		return load.Tally{}, err
	}
	if err := p.terminate(ctx); err != nil {
		return load.Tally{}, err
	}
	return running.Stop(), nil
}
