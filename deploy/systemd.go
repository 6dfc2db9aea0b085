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

// systemd is the keeper of machines whose process 1 it is. It keeps the
// listeners, too, whatever happens to the programs.
type systemd struct {
	*Deployment
	units []replaced
}

// errNoSystemd is what a machine without it is told.
var errNoSystemd = errors.New("systemd is not process 1 here: deploy --with supervisor,nginx, or write a package with apiphant package for a machine where it is")

// newSystemd tells where there can be none.
func newSystemd(d *Deployment, dryRun bool) (*systemd, error) {
	switch {
	case d.Root != "":
		return nil, errors.New("systemd is the machine's own: it can't be had below --root")
	case !dryRun && !exists("/run/systemd/system"):
		return nil, errNoSystemd
	}
	return &systemd{Deployment: d}, nil
}

// InstanceAddress is where the process of a template unit listens, whose
// instance is named by its port.
func (d *Deployment) InstanceAddress() string { return net.JoinHostPort(d.Host, "%i") }

func (s *systemd) packages() []debianPackage { return nil }

func (s *systemd) name() string         { return "systemd" }
func (s *systemd) target() string       { return s.at("/etc/systemd/system/" + s.targetUnit()) }
func (s *systemd) targetUnit() string   { return s.Name + ".target" }
func (s *systemd) socket(p int) string  { return fmt.Sprintf("%s@%d.socket", s.Name, p) }
func (s *systemd) service(p int) string { return fmt.Sprintf("%s@%d.service", s.Name, p) }

// unit is that of a program.
func (s *systemd) unit(program Program) string {
	if _, port, err := net.SplitHostPort(program.Address); err == nil {
		return s.Name + "@" + port + ".service"
	}
	return program.Name + ".service"
}

// render returns what each file of a unit has in it, nil for one that is not
// to be there.
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
	files, err := s.render()
	if err != nil {
		return false, err
	}
	for file, content := range files {
		put := replace
		if content == nil {
			put = withdraw
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

// withdraw is replace for a file that is to be there no more.
func withdraw(name string, _ []byte) (r replaced, err error) {
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
	return s.adopt(ctx)
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

func (s *systemd) running(ctx context.Context) bool {
	return slices.ContainsFunc(s.Programs(), func(program Program) bool {
		state, err := s.state(ctx, program)
		return err == nil && !state
	})
}

// adopt restarts one process after the other, as far as those come up.
func (s *systemd) adopt(ctx context.Context) error {
	if err := errors.Join(s.control(ctx, "daemon-reload"), s.control(ctx, "enable", "--quiet", s.targetUnit()), s.stopOthers(ctx)); err != nil {
		return err
	}
	for _, port := range s.Ports() {
		if err := s.adoptListener(ctx, port); err != nil {
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

// adoptListener opens a listener anew only where its address has changed: in
// the meantime there is none.
func (s *systemd) adoptListener(ctx context.Context, port int) error {
	address := net.JoinHostPort(s.Host, strconv.Itoa(port))
	if listens := s.show(ctx, s.socket(port), "Listen"); listens == address+" (Stream)" {
		return s.control(ctx, "start", s.socket(port))
	}
	return s.control(ctx, "restart", s.socket(port))
}

// stopOthers stops processes at ports that are no longer of the deployment.
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

// restart lets a process of the API start its successor, which takes over once
// it is ready: see the units for when that is not enough.
func (s *systemd) restart(ctx context.Context, program Program) error {
	unit := s.unit(program)
	before, failure := s.show(ctx, unit, "MainPID"), s.show(ctx, unit, "StatusText")
	if program.Address == "" || s.control(ctx, "reload", unit) != nil {
		return s.control(ctx, "restart", unit)
	}
	ctx, cancel := context.WithTimeout(ctx, 2*healthTimeout+5*time.Second) // a minute is the program's own patience
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

// mark is a time, since the journal has those.
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
	if up && exists(s.target()) {
		err = errors.Join(s.control(ctx, "disable", "--quiet", s.targetUnit()),
			s.stopAllBut(ctx, nil))
	}
	files, failure := s.render()
	for file := range files {
		had, failure := removeFile(file)
		removed = removed || had
		err = errors.Join(err, failure)
	}
	if up {
		err = errors.Join(err, s.control(ctx, "daemon-reload"))
		_ = s.control(ctx, "reset-failed", s.Name+"@*", s.Name+"-background.service") // there may be none
	}
	return removed, errors.Join(err, failure)
}

// checkUnits lets systemd read the units, before they are installed.
func checkUnits(ctx context.Context, d *Deployment) (err error) {
	for _, piece := range pieces {
		if piece.Part == "systemd" {
			err = errors.Join(err, d.checkUnit(ctx, piece))
		}
	}
	return err
}

// checkUnit lets systemd read a unit among the others.
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
		content = bytes.ReplaceAll(content, []byte("="+d.Program()), []byte("=/bin/true")) // it may be built later
		for _, name := range []string{filepath.Base(file), d.instance(file)} {
			failed = errors.Join(failed, os.WriteFile(filepath.Join(dir, name), content, 0o600))
		}
	}
	if failed != nil {
		return failed
	}
	said, err := run(ctx, "env", "SYSTEMD_UNIT_PATH="+dir+":", "systemd-analyze", "verify", "--man=no", filepath.Join(dir, d.instance(d.Target(piece))))
	if err == nil && strings.Contains(said, d.Name) { // and not only of others
		err = errors.New(said)
	}
	return err
}

// instance is the name of a unit, or of a template's instance.
func (d *Deployment) instance(file string) string {
	return strings.Replace(filepath.Base(file), "@.", fmt.Sprintf("@%d.", d.FirstPort), 1)
}
