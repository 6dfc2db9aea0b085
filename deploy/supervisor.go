package deploy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/apiphant/apiphant/internal/supervisord"
)

// supervisor is the service manager for machines without systemd.
type supervisor struct {
	*Deployment
	config replaced
}

func (s *supervisor) packages() []debianPackage {
	return []debianPackage{{"supervisorctl", "supervisor"}}
}

func (s *supervisor) configFile() string { return s.at("/etc/supervisor/supervisord.conf") }

func (s *supervisor) piece() Piece {
	piece, _ := FindPiece("supervisor")
	return piece
}

// open returns a client for the machine's supervisord.
func (s *supervisor) open() (*supervisord.Client, error) { return supervisord.Open(s.configFile()) }

func (s *supervisor) isUp(ctx context.Context) bool {
	client, err := s.open()
	if err != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_, err = client.PID(ctx)
	return err == nil
}

func (s *supervisor) name() string   { return "supervisor" }
func (s *supervisor) target() string { return s.Target(s.piece()) }

func (s *supervisor) isInstalled() (bool, error) {
	content, err := s.Render(s.piece())
	if err != nil {
		return false, err
	}
	have, err := os.ReadFile(s.target())
	return err == nil && bytes.Equal(have, content), nil
}

func (s *supervisor) install(ctx context.Context) (changed bool, err error) {
	if err := s.prepareRoot(); err != nil {
		return false, err
	}
	content, err := s.Render(s.piece())
	if err != nil {
		return false, err
	}
	if err := checkSupervisor(ctx, content); err != nil && !errors.Is(err, errNotInstalled) {
		return false, err
	}
	if s.config, err = replace(s.target(), content); err != nil {
		return false, err
	}
	loaded := true
	if s.isUp(ctx) {
		loaded, err = s.isLoaded(ctx)
	} else {
		err = s.start(ctx)
	}
	if err != nil {
		return false, errors.Join(err, s.putBack(ctx))
	}
	return s.config.changed || !loaded, nil
}

func (s *supervisor) prepareRoot() error {
	if s.Root == "" {
		return nil
	}
	content, err := s.renderOwn("deploy/supervisord.conf.tmpl")
	if err != nil {
		return err
	}
	_, err = writeFile(s.configFile(), content, 0o644)
	return err
}

// start starts supervisord, which starts all programs.
func (s *supervisor) start(ctx context.Context) error {
	var err error
	if s.Root == "" && find("service") != "" {
		_, err = run(ctx, "service", "supervisor", "start")
	} else {
		_, err = run(ctx, "supervisord", "-c", s.configFile())
	}
	if err == nil && !waitUntil(ctx, startTimeout, func() bool { return s.isUp(ctx) }) {
		err = fmt.Errorf("it does not answer after %s", startTimeout)
	}
	if err != nil {
		return fmt.Errorf("supervisord could not be started: %w", err)
	}
	return nil
}

func (s *supervisor) putBack(ctx context.Context) error {
	if !s.config.changed {
		return nil
	}
	if err := s.config.putBack(); err != nil {
		return err
	}
	if s.isUp(ctx) {
		return s.reconcile(ctx)
	}
	return nil
}

// isLoaded reports whether supervisord works by the file as it stands there. A
// deployment that was killed may have written it and no more.
func (s *supervisor) isLoaded(ctx context.Context) (bool, error) {
	client, err := s.open()
	if err != nil {
		return false, err
	}
	change, err := client.Reread(ctx, s.Name)
	return change == supervisord.Unchanged, err
}

func (s *supervisor) running(ctx context.Context) bool {
	processes, _ := s.processes(ctx)
	return slices.ContainsFunc(processes, func(p supervisord.Process) bool { return p.State == "RUNNING" })
}

func (s *supervisor) processes(ctx context.Context) ([]supervisord.Process, error) {
	client, err := s.open()
	if err != nil {
		return nil, err
	}
	return client.Processes(ctx, s.Name)
}

// process returns a program's process; its State is "" where supervisord does not know
// the program.
func (s *supervisor) process(ctx context.Context, program Program) (supervisord.Process, error) {
	processes, err := s.processes(ctx)
	for _, process := range processes {
		if process.Name == program.Name {
			return process, nil
		}
	}
	return supervisord.Process{}, err
}

// stopMargin is how much later than after its time to drain supervisord may report that a
// process has ended: its time may have been longer by the configuration before.
const stopMargin = 5 * time.Minute

// reconcile restarts the whole group if its configuration has changed: supervisor
// has no other way.
func (s *supervisor) reconcile(ctx context.Context) error {
	client, err := s.open()
	if err != nil {
		return err
	}
	updating, cancel := context.WithTimeout(ctx, s.StopTimeout()+stopMargin)
	defer cancel()
	if err := client.Update(updating, s.Name); err != nil {
		return err
	}
	if !exists(s.target()) {
		return nil // there was no configuration before, and there is none now
	}
	return s.startStopped(ctx)
}

// startStopped starts the programs that supervisord does not start by itself.
func (s *supervisor) startStopped(ctx context.Context) error {
	client, err := s.open()
	if err != nil {
		return err
	}
	for _, program := range s.Programs() {
		switch process, err := s.process(ctx, program); {
		case err != nil:
			return err
		case process.State == "":
			return fmt.Errorf("%s does not know %s: does it include %s?", s.configFile(), program.Name, s.target())
		case process.State == "RUNNING", process.State == "STARTING", process.State == "BACKOFF":
		default:
			_ = client.Start(ctx, s.Name, program.Name) // the state is asked later
		}
	}
	return nil
}

func (s *supervisor) settle(ctx context.Context) error {
	err := s.reconcile(ctx)
	if err != nil { // perhaps of another program's configuration
		err = errors.Join(err, s.startStopped(ctx))
	}
	return err
}

// restart tells a program's process to drain and end. supervisord starts it again by
// itself (autorestart), also where the deployment is killed meanwhile.
func (s *supervisor) restart(ctx context.Context, program Program) error {
	client, err := s.open()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.StopTimeout()+stopMargin)
	defer cancel()
	process, err := s.process(ctx, program)
	if err == nil && process.PID != 0 && process.State != "STOPPING" {
		err = client.Signal(ctx, s.Name, program.Name, "TERM")
	}
	if err != nil {
		return err
	}
	return s.awaitNext(ctx, client, program, process.PID)
}

// awaitNext waits until a program has another process than before. One that does not end
// in time is killed, as supervisord does with one that it stops itself.
func (s *supervisor) awaitNext(ctx context.Context, client *supervisord.Client, program Program, before int) error {
	kill, tick := time.NewTimer(s.StopTimeout()), time.NewTicker(100*time.Millisecond)
	defer kill.Stop()
	defer tick.Stop()
	for {
		process, err := s.process(ctx, program)
		switch {
		case err != nil:
			return err
		case process.PID == 0:
			return s.startNow(ctx, client, process)
		case process.PID != before:
			return nil
		}
		select {
		case <-tick.C:
		case <-kill.C:
			err = client.Signal(ctx, s.Name, program.Name, "KILL")
		case <-ctx.Done():
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
	}
}

// startNow starts a program that has no process, which supervisord would do later
// (EXITED, BACKOFF) or not at all. The state is asked later.
func (s *supervisor) startNow(ctx context.Context, client *supervisord.Client, process supervisord.Process) error {
	if process.State == "BACKOFF" { // it waits before the next try, and can't be started meanwhile
		if err := client.Stop(ctx, process.Group, process.Name); err != nil {
			return err
		}
	}
	_ = client.Start(ctx, process.Group, process.Name)
	return ctx.Err()
}

func (s *supervisor) state(ctx context.Context, program Program) (starting bool, err error) {
	process, err := s.process(ctx, program)
	switch {
	case err != nil:
		return false, err
	case process.State == "RUNNING":
		return false, nil
	case process.State == "STARTING":
		return true, nil
	case process.Why != "":
		return false, fmt.Errorf("it has ended: supervisor says %s, %s", process.State, process.Why)
	}
	return false, fmt.Errorf("it has ended: supervisor says %s", process.State)
}

func (s *supervisor) pid(ctx context.Context, program Program) int {
	process, _ := s.process(ctx, program)
	return process.PID
}

func (s *supervisor) logFile(program Program) string { return filepath.Join(s.LogDir(), program.Log) }

func (s *supervisor) mark(program Program) string {
	info, err := os.Stat(s.logFile(program))
	if err != nil {
		return "0"
	}
	return strconv.FormatInt(info.Size(), 10)
}

func (s *supervisor) log(_ context.Context, program Program, mark string) string {
	file, err := os.Open(s.logFile(program))
	if err != nil {
		return err.Error()
	}
	defer file.Close()
	from, _ := strconv.ParseInt(mark, 10, 64)
	info, err := file.Stat()
	if err != nil {
		return err.Error()
	}
	if from > info.Size() { // the file was rotated
		from = 0
	}
	from = max(from, info.Size()-64<<10)
	content, _ := io.ReadAll(io.NewSectionReader(file, from, info.Size()-from))
	return lastLines(string(content), 20)
}

func (s *supervisor) remove(ctx context.Context) (removed bool, err error) {
	if err := s.foreignFile(s.target()); err != nil {
		return false, nil // the programs in it are somebody else's
	}
	if removed, err = removeFile(s.target()); err != nil {
		return removed, err
	}
	client, err := s.open()
	if err != nil || !s.isUp(ctx) {
		return removed, nil // nothing runs
	}
	if s.Root != "" { // supervisord was started for this deployment alone
		return removed, client.Shutdown(ctx)
	}
	return removed, client.Update(ctx, s.Name)
}
