package deploy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// systemd is the service manager of machines on which it is process 1. It also holds
// the listeners, which therefore stay open while programs restart.
type systemd struct {
	*Deployment
	units []replaced
}

// errNoSystemd is the error of a machine without systemd.
var errNoSystemd = errors.New("systemd is not process 1 here: deploy --with supervisor,nginx, or write a package with apiphant package for a machine where it is")

// newSystemd returns an error where systemd can't be used.
func newSystemd(d *Deployment, dryRun bool) (*systemd, error) {
	switch {
	case d.Root != "":
		return nil, errors.New("systemd can't be used with --root: there is one for the whole machine")
	case !dryRun && !exists("/run/systemd/system"):
		return nil, errNoSystemd
	}
	return &systemd{Deployment: d}, nil
}

// InstanceAddress returns the address at which an instance of the template unit
// listens. The instance's name, %i, is its port.
func (d *Deployment) InstanceAddress() string { return net.JoinHostPort(d.Host, "%i") }

func (s *systemd) packages() []debianPackage { return nil }

func (s *systemd) name() string         { return "systemd" }
func (s *systemd) target() string       { return s.at("/etc/systemd/system/" + s.targetUnit()) }
func (s *systemd) targetUnit() string   { return s.Name + ".target" }
func (s *systemd) socket(p int) string  { return fmt.Sprintf("%s@%d.socket", s.Name, p) }
func (s *systemd) service(p int) string { return fmt.Sprintf("%s@%d.service", s.Name, p) }

// unit returns the unit of a program.
func (s *systemd) unit(program Program) string {
	if _, port, err := net.SplitHostPort(program.Address); err == nil {
		return s.Name + "@" + port + ".service"
	}
	return program.Name + ".service"
}

// render returns the content of each unit file; nil stands for a file that must not
// exist.
func (s *systemd) render() (files map[string][]byte, err error) {
	files = map[string][]byte{}
	for _, piece := range pieces {
		if piece.Part != "systemd" {
			continue
		}
		files[s.Target(piece)] = nil
		if piece.Name != "systemd-background" || s.Background {
			if files[s.Target(piece)], err = s.Render(piece); err != nil {
				return nil, err
			}
		}
	}
	return files, nil
}

func (s *systemd) isInstalled() (bool, error) {
	files, err := s.render()
	for file, content := range files {
		have, missing := os.ReadFile(file)
		if (missing == nil) != (content != nil) || string(have) != string(content) {
			return false, err
		}
	}
	return err == nil, err
}

func (s *systemd) install(ctx context.Context) (changed bool, err error) {
	if err := checkUnits(ctx, s.Deployment); err != nil && !errors.Is(err, errNotInstalled) {
		return false, err
	}
	loaded, err := s.isLoaded(ctx)
	if err != nil {
		return false, err
	}
	files, err := s.render()
	if err != nil {
		return false, err
	}
	changed = !loaded
	for file, content := range files {
		put := replace
		if content == nil {
			put = removeUnit
		}
		unit, err := put(file, content)
		s.units = append(s.units, unit)
		changed = changed || unit.changed
		if err != nil {
			return false, errors.Join(err, s.putBackFiles())
		}
	}
	if err := s.control(ctx, "daemon-reload"); err != nil {
		return false, errors.Join(err, s.putBackFiles())
	}
	return changed, nil
}

// removeUnit removes a file, and keeps its content as [replace] does.
func removeUnit(name string, _ []byte) (r replaced, err error) {
	r.name = name
	r.old, err = os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if r.existed = err == nil; r.existed {
		r.changed, err = removeFile(name)
	}
	return r, err
}

func (s *systemd) putBackFiles() (err error) {
	for _, unit := range s.units {
		err = errors.Join(err, unit.putBack())
	}
	return err
}

func (s *systemd) putBack(ctx context.Context) error {
	hadTarget := false
	for _, unit := range s.units {
		hadTarget = hadTarget || unit.name == s.target() && unit.existed
	}
	if !hadTarget {
		_, err := s.remove(ctx)
		return err
	}
	if err := s.putBackFiles(); err != nil {
		return err
	}
	if !s.running(ctx) {
		return s.control(ctx, "daemon-reload")
	}
	return s.reconcile(ctx)
}

// control runs systemctl.
func (s *systemd) control(ctx context.Context, args ...string) error {
	_, err := run(ctx, "systemctl", args...)
	return err
}

// show returns a unit's property.
func (s *systemd) show(ctx context.Context, unit, property string) string {
	said, _ := run(ctx, "systemctl", "show", "--value", "--property", property, unit)
	return strings.TrimSpace(said)
}

// isLoaded reports whether systemd has read the units as they are. A deployment that was
// killed may have written them and no more.
func (s *systemd) isLoaded(ctx context.Context) (bool, error) {
	for _, program := range s.Programs() {
		if s.show(ctx, s.unit(program), "NeedDaemonReload") == "yes" {
			return false, nil
		}
	}
	return true, nil
}

func (s *systemd) pid(ctx context.Context, program Program) int {
	pid, _ := strconv.Atoi(s.show(ctx, s.unit(program), "MainPID")) // "" where the unit is not known
	return pid
}

func (s *systemd) running(ctx context.Context) bool {
	return slices.ContainsFunc(s.Programs(), func(program Program) bool {
		state, err := s.state(ctx, program)
		return err == nil && !state
	})
}

// reconcile restarts one process after the other. It stops at the first that fails.
func (s *systemd) reconcile(ctx context.Context) error {
	if err := errors.Join(s.control(ctx, "daemon-reload"), s.control(ctx, "enable", "--quiet", s.targetUnit()), s.stopOthers(ctx)); err != nil {
		return err
	}
	for _, port := range s.Ports() {
		if err := s.reconcileListener(ctx, port); err != nil {
			return err
		}
		if err := s.control(ctx, "restart", s.service(port)); err != nil {
			return withLog(err, s.journal(ctx, s.service(port), ""))
		}
	}
	if s.Background {
		if err := s.control(ctx, "restart", s.Name+"-background.service"); err != nil {
			return err
		}
	}
	return s.control(ctx, "start", s.targetUnit())
}

// reconcileListener restarts a socket unit only if its address has changed, since
// clients are refused in the meantime.
func (s *systemd) reconcileListener(ctx context.Context, port int) error {
	address := net.JoinHostPort(s.Host, strconv.Itoa(port))
	if listens := s.show(ctx, s.socket(port), "Listen"); listens == address+" (Stream)" {
		return s.control(ctx, "start", s.socket(port))
	}
	return s.control(ctx, "restart", s.socket(port))
}

// stopOthers stops the units that are no longer part of the deployment.
func (s *systemd) stopOthers(ctx context.Context) error {
	var wanted []string
	for _, port := range s.Ports() {
		wanted = append(wanted, s.socket(port), s.service(port))
	}
	if s.Background {
		wanted = append(wanted, s.Name+"-background.service")
	}
	return s.stopAllBut(ctx, append(wanted, s.targetUnit()))
}

func (s *systemd) stopAllBut(ctx context.Context, wanted []string) error {
	listed, err := run(ctx, "systemctl", "list-units", "--all", "--plain", "--no-legend", "--full",
		s.Name+"@*.socket", s.Name+"@*.service", s.Name+"-background.service", s.targetUnit())
	if err != nil {
		return err
	}
	stop := []string{"stop"}
	for line := range strings.Lines(listed) {
		if fields := strings.Fields(line); len(fields) > 0 && !slices.Contains(wanted, fields[0]) {
			stop = append(stop, fields[0])
		}
	}
	if len(stop) == 1 {
		return nil
	}
	return s.control(ctx, stop...)
}

// restart reloads the unit of an API process: the process starts its successor, which
// takes over when it is ready. If the reload fails, and for the background process,
// the unit is restarted; so it is where its arguments have changed, which a successor
// would inherit.
func (s *systemd) restart(ctx context.Context, program Program) error {
	unit := s.unit(program)
	before, failure := s.show(ctx, unit, "MainPID"), s.show(ctx, unit, "StatusText")
	if program.Address == "" || !hasArguments(s.pid(ctx, program), program) || s.control(ctx, "reload", unit) != nil {
		return s.control(ctx, "restart", unit)
	}
	ctx, cancel := context.WithTimeout(ctx, 2*healthTimeout+5*time.Second) // the program itself waits a minute for its successor
	defer cancel()
	for tick := time.NewTicker(100 * time.Millisecond); ; {
		if now := s.show(ctx, unit, "MainPID"); now != before && now != "0" && now != "" {
			return nil
		}
		if status := s.show(ctx, unit, "StatusText"); status != failure && strings.HasPrefix(status, "No successor") {
			return errors.New(status)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%s has no successor: %w", unit, ctx.Err())
		}
	}
}

// settle does nothing: what systemd was told to restart, it does without the deployment.
func (s *systemd) settle(context.Context) error { return nil }

func (s *systemd) state(ctx context.Context, program Program) (starting bool, err error) {
	unit := s.unit(program)
	active, sub := s.show(ctx, unit, "ActiveState"), s.show(ctx, unit, "SubState")
	switch {
	case active == "active":
		return false, nil
	case active == "reloading", active == "activating" && sub != "auto-restart":
		return true, nil
	}
	return false, fmt.Errorf("it has ended: systemd says %s (%s)", active, sub)
}

// mark returns the present time, by which the journal is searched.
func (s *systemd) mark(Program) string { return fmt.Sprintf("@%d", time.Now().Unix()) }

func (s *systemd) log(ctx context.Context, program Program, mark string) string {
	return s.journal(ctx, s.unit(program), mark)
}

func (s *systemd) journal(ctx context.Context, unit, since string) string {
	args := []string{"--quiet", "--no-pager", "--output=cat", "--lines=20", "--unit", unit}
	if since != "" {
		args = append(args, "--since", since)
	}
	said, _ := run(ctx, "journalctl", args...)
	return lastLines(said, 20)
}

func (s *systemd) remove(ctx context.Context) (removed bool, err error) {
	up := exists("/run/systemd/system")
	if up && s.owns(s.target()) {
		err = errors.Join(s.control(ctx, "disable", "--quiet", s.targetUnit()),
			s.stopAllBut(ctx, nil))
	}
	files, failure := s.render()
	for file := range files {
		had, failure := s.removeOwn(file)
		removed = removed || had
		err = errors.Join(err, failure)
	}
	if up {
		err = errors.Join(err, s.control(ctx, "daemon-reload"))
		_ = s.control(ctx, "reset-failed", s.Name+"@*", s.Name+"-background.service") // none may have failed
	}
	return removed, errors.Join(err, failure)
}

// checkUnits lets systemd check the units before they are installed.
func checkUnits(ctx context.Context, d *Deployment) (err error) {
	for _, piece := range pieces {
		if piece.Part == "systemd" {
			err = errors.Join(err, d.checkUnit(ctx, piece))
		}
	}
	return err
}

// checkUnit lets systemd check one unit, beside the others.
func (d *Deployment) checkUnit(ctx context.Context, piece Piece) error {
	if find("systemd-analyze") == "" {
		return fmt.Errorf("systemd-analyze %w", errNotInstalled)
	}
	dir, err := os.MkdirTemp("", "apiphant-check-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	files, err := (&systemd{Deployment: d}).render()
	if err != nil || files[d.Target(piece)] == nil {
		return err
	}
	var failed error
	for file, content := range files {
		content = bytes.ReplaceAll(content, []byte("="+d.Program()), []byte("=/bin/true")) // the program may not be built yet
		for _, name := range []string{filepath.Base(file), d.instance(file)} {
			failed = errors.Join(failed, os.WriteFile(filepath.Join(dir, name), content, 0o600))
		}
	}
	if failed != nil {
		return failed
	}
	said, err := run(ctx, "env", "SYSTEMD_UNIT_PATH="+dir+":", "systemd-analyze", "verify", "--man=no", filepath.Join(dir, d.instance(d.Target(piece))))
	if err == nil && strings.Contains(said, d.Name) { // other units of the machine may have warnings
		err = errors.New(said)
	}
	return err
}

// instance returns the name of a unit, or of an instance of a template unit.
func (d *Deployment) instance(file string) string {
	return strings.Replace(filepath.Base(file), "@.", fmt.Sprintf("@%d.", d.FirstPort), 1)
}
