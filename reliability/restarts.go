package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/apiphant/apiphant/internal/load"
)

// restarts: a crowd of keep-alive clients, and some that take a new connection
// for each request, ask all the time while the product
// is replaced by a new version of itself, three times each way: by a successor
// that it starts on SIGHUP, after its file was replaced; by a supervisor that
// holds the listening socket, stops the old process and starts the new one; and
// behind nginx, two processes one after another. The bar: every request is
// answered with 2xx, none refused, none lost. On SIGTERM under 200 clients, of
// whom nobody else takes care, no request is sent and not answered. A successor
// that can't start leaves the old process serving, with nothing lost.
var restarts = scenario{
	name:  "restarts",
	title: "Restarts under load",
	about: "50 keep-alive clients, and 10 with a new connection for each request, ask all the time, each anew within 20 ms of its answer. A request is *lost* if anything of it was sent and it was not answered whole, *refused* if there was no connection to be had.",
	run:   runRestarts,
}

const (
	restartTimes = 3
	crowd        = 50
	pause        = 20 * time.Millisecond
	newProcess   = 15 * time.Second // for an old process to be gone, and a new one there
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

// lossless are the rows of a load that nothing may happen to.
func lossless(what string, tally load.Tally) []row {
	tries := int(tally.OK + tally.Failed())
	return []row{
		none(what+": requests lost", int(tally.Lost), tries).because(only("lost", tally.Problems)),
		none(what+": requests refused", int(tally.Refused), tries).because(only("refused", tally.Problems)),
		none(what+": answers other than 2xx", int(tally.Other), tries).because(only("other", tally.Problems)),
	}
}

// only returns the problems of a kind.
func only(kind string, problems []string) (some []string) {
	for _, problem := range problems {
		if strings.HasPrefix(problem, kind) {
			some = append(some, problem)
		}
	}
	return some
}

// under lets a crowd ask while something is done so many times, and for a while
// before, between and after.
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

func restartBySuccessor(ctx context.Context, lab *lab) ([]row, error) {
	deployed := filepath.Join(lab.folder, "deployed")
	if err := replace(deployed, lab.binary); err != nil {
		return nil, err
	}
	p, err := lab.serveBinary(ctx, deployed, "127.0.0.1:0", nil)
	if err != nil {
		return nil, err
	}
	tally, err := under(ctx, p.address, restartTimes, func(int) error {
		if err := succeed(ctx, lab, deployed); err != nil {
			return fmt.Errorf("%w; its log ends with %q", err, lastLine(p.log()))
		}
		return nil
	})
	return lossless(fmt.Sprintf("SIGHUP, %d times", restartTimes), tally), err
}

// succeed replaces the file, sends SIGHUP to the one process that runs it, and
// waits until another one does alone.
func succeed(ctx context.Context, lab *lab, deployed string) error {
	if err := replace(deployed, lab.binary); err != nil {
		return err
	}
	old, err := lab.onlyProcess()
	if err != nil {
		return err
	}
	if err := syscall.Kill(old, syscall.SIGHUP); err != nil {
		return err
	}
	return await(ctx, newProcess, func() error {
		switch now, err := lab.onlyProcess(); {
		case err != nil:
			return err
		case now == old:
			return errors.New("after SIGHUP the old process goes on alone")
		}
		return nil
	})
}

// replace puts a new copy of a program in a file's place, at once, as a
// deployment does.
func replace(file, program string) error {
	content, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file+".new", content, 0o755); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
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

// terminate ends a process as its service manager does, and waits for it.
func (p *process) terminate(ctx context.Context) error {
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return await(ctx, newProcess, func() error {
		switch {
		case p.alive():
			return errors.New("the process doesn't end on SIGTERM")
		case p.err != nil:
			return hopeless{fmt.Errorf("the process ends on SIGTERM with %w", p.err)}
		}
		return nil
	})
}

const nginxConfiguration = `daemon off;
master_process off;
worker_processes 1;
pid %[1]s/nginx.pid;
error_log stderr warn;
events { worker_connections 4096; }
http {
	access_log off;
	client_body_temp_path %[1]s/body;
	proxy_temp_path %[1]s/proxy;
	fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi;
	scgi_temp_path %[1]s/scgi;
	keepalive_requests 1000000;
	upstream product {
		server %[2]s max_fails=0; # one that restarts is not to be left out when the other one does
		server %[3]s max_fails=0;
		keepalive 32;
	}
	server {
		listen %[4]s;
		location / {
			proxy_pass http://product;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_set_header Host $host;
		}
	}
}
`

func restartBehindNginx(ctx context.Context, lab *lab) ([]row, error) {
	var processes [2]*process
	for i := range processes {
		p, err := lab.serve(ctx)
		if err != nil {
			return nil, err
		}
		processes[i] = p
	}
	front, err := lab.nginx(ctx, processes[0].address, processes[1].address)
	if err != nil {
		return nil, err
	}
	tally, err := under(ctx, front.address, 2*restartTimes, func(i int) (err error) {
		address := processes[i%2].address
		if err := processes[i%2].terminate(ctx); err != nil {
			return err
		}
		processes[i%2], err = lab.serveAt(ctx, address, nil)
		return err
	})
	return lossless(fmt.Sprintf("behind nginx, two processes %d times each", restartTimes), tally), err
}

// nginx starts it in front of two servers.
func (l *lab) nginx(ctx context.Context, first, second string) (*process, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp(l.folder, "nginx-")
	if err != nil {
		return nil, err
	}
	file := filepath.Join(folder, "nginx.conf")
	if err := os.WriteFile(file, fmt.Appendf(nil, nginxConfiguration, folder, first, second, address), 0o644); err != nil {
		return nil, err
	}
	p, err := l.start(exec.Command("nginx", "-p", folder, "-c", file))
	if err != nil {
		return nil, err
	}
	p.address = address
	return p, await(ctx, startPatience, func() error { return call(address, echoPath, echoBody, nil) })
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

func restartInVain(ctx context.Context, lab *lab) ([]row, error) {
	deployed := filepath.Join(lab.folder, "broken")
	if err := replace(deployed, lab.binary); err != nil {
		return nil, err
	}
	p, err := lab.serveBinary(ctx, deployed, "127.0.0.1:0", nil)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(deployed+".bad", []byte("#!/bin/sh\necho this version is broken >&2\nexit 1\n"), 0o755); err != nil {
		return nil, err
	}
	old := 0
	tally, err := under(ctx, p.address, 1, func(int) (err error) {
		if old, err = lab.onlyProcess(); err != nil {
			return err
		}
		if err := os.Rename(deployed+".bad", deployed); err != nil {
			return err
		}
		if err := syscall.Kill(old, syscall.SIGHUP); err != nil {
			return err
		}
		return await(ctx, newProcess, func() error { // its own words, or the old one's about it
			if !strings.Contains(p.log(), "this version is broken") {
				return errors.New("the broken version was not started")
			}
			return nil
		})
	})
	rows := lossless("a successor that ends at once", tally)
	if err != nil {
		return rows, err
	}
	stays := happened("the old process goes on serving", nil)
	if now, err := lab.onlyProcess(); err != nil || now != old {
		stays = happened(stays.what, fmt.Errorf("process %d in place of %d: %w", now, old, err))
	}
	return append(rows, stays, happened("and hands over to the next that works", succeed(ctx, lab, deployed))), nil
}

// onlyProcess returns the process that runs a program of the lab's folder.
func (l *lab) onlyProcess() (int, error) {
	all := l.descendants()
	for range 5 { // one may have begun, and the other ended, while they were looked for
		if len(all) > 0 {
			break
		}
		time.Sleep(50 * time.Millisecond)
		all = l.descendants()
	}
	switch {
	case len(all) == 0:
		return 0, hopeless{errors.New("no process runs the product any more")}
	case len(all) > 1:
		return 0, fmt.Errorf("%d processes run the product", len(all))
	}
	return all[0], nil
}

// descendants are the processes that run a program of the lab's folder: also
// those that a process which has ended has started.
func (l *lab) descendants() (pids []int) {
	links, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, link := range links {
		program, err := os.Readlink(link)
		if err != nil || !strings.HasPrefix(program, l.folder+string(filepath.Separator)) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(link))); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

func lastLine(log string) string {
	lines := strings.Split(strings.TrimSpace(log), "\n")
	return lines[len(lines)-1]
}
