package deploy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
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

// control runs supervisorctl. It often reports errors on standard output alone, with
// exit status 0.
func (s *supervisor) control(ctx context.Context, args ...string) (string, error) {
	said, err := run(ctx, "supervisorctl", append([]string{"-c", s.configFile()}, args...)...)
	if err == nil && strings.Contains(said, "ERROR") {
		err = fmt.Errorf("supervisorctl %s: %s", strings.Join(args, " "), said)
	}
	return said, err
}

func (s *supervisor) isUp(ctx context.Context) bool {
	said, err := s.control(ctx, "pid")
	_, notANumber := strconv.Atoi(said)
	return err == nil && notANumber == nil
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
	if s.isUp(ctx) {
		_, err = s.control(ctx, "reread")
	} else {
		err = s.start(ctx)
	}
	if err != nil {
		return false, errors.Join(err, s.putBack(ctx))
	}
	return s.config.changed, nil
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

func (s *supervisor) running(ctx context.Context) bool {
	said, _ := s.control(ctx, "status", s.Name+":*")
	return strings.Contains(said, "RUNNING")
}

// reconcile restarts the whole group if its configuration has changed: supervisor
// has no other way.
func (s *supervisor) reconcile(ctx context.Context) error {
	if _, err := s.control(ctx, "reread"); err != nil {
		return err
	}
	if _, err := s.control(ctx, "update", s.Name); err != nil {
		return err
	}
	if !s.config.existed && !exists(s.config.name) {
		return nil // there was no configuration before, and there is none now
	}
	for _, program := range s.Programs() {
		switch state := s.status(ctx, program); state {
		case "RUNNING", "STARTING", "BACKOFF":
		case "":
			return fmt.Errorf("%s does not know %s: does it include %s?", s.configFile(), program.Name, s.target())
		default:
			_, _ = s.control(ctx, "start", s.Name+":"+program.Name) // the state is asked later
		}
	}
	return nil
}

func (s *supervisor) restart(ctx context.Context, program Program) error {
	_, _ = s.control(ctx, "restart", s.Name+":"+program.Name) // the state is asked later
	return ctx.Err()
}

// status returns supervisor's name for the state of a program, such as RUNNING, or
// "" if supervisor does not know the program.
func (s *supervisor) status(ctx context.Context, program Program) string {
	said, _ := s.control(ctx, "status", s.Name+":"+program.Name)
	fields := strings.Fields(said)
	if len(fields) < 2 || fields[0] != s.Name+":"+program.Name {
		return ""
	}
	return fields[1]
}

func (s *supervisor) state(ctx context.Context, program Program) (starting bool, err error) {
	switch status := s.status(ctx, program); status {
	case "RUNNING":
		return false, nil
	case "STARTING":
		return true, nil
	default:
		return false, fmt.Errorf("it has ended: supervisor says %s", status)
	}
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
	if find("supervisorctl") == "" || !s.isUp(ctx) {
		return removed, nil
	}
	if s.Root != "" { // supervisord was started for this deployment alone
		_, err = s.control(ctx, "shutdown")
		return removed, err
	}
	if _, err = s.control(ctx, "reread"); err == nil {
		_, err = s.control(ctx, "update", s.Name)
	}
	if err != nil && strings.Contains(err.Error(), "no such group") {
		err = nil
	}
	return removed, err
}
