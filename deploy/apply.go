package deploy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// DefaultParts are the parts of a deployment when [Options.With] is nil.
var DefaultParts = []string{"supervisor", "nginx"}

// Options configures one run of a deployment.
type Options struct {
	// With lists the parts to deploy: supervisor or systemd, and nginx. The
	// default is [DefaultParts].
	With []string

	// Binary is the file of a program that is already built. If it is "", Build
	// builds the program; without Go on the machine, the program is taken from
	// the product's folder dist.
	Binary string
	Build  func(ctx context.Context, output string) error

	// Adopt gives marks to what a version without marks deployed, where it has the
	// form of such a deployment.
	Adopt bool

	DryRun bool      // print the plan and do nothing
	Out    io.Writer // where each step is reported
}

// work is a deployment in progress.
type work struct {
	*Deployment
	options Options
	manager serviceManager // nil if no part runs programs
	nginx   bool
	front   front

	lock    io.Closer
	release string // the new release
	before  string // the release that was live before; "" if there was none
	current bool   // the programs already run the new release
	standIn *standIn

	undoPrograms func(context.Context) error // where programs run the new release
	passed       bool                        // the last test
}

func (d *Deployment) newWork(options Options) (*work, error) {
	w := &work{Deployment: d, options: options, front: front{nginx: nginx{d}}}
	if options.With == nil {
		w.options.With = DefaultParts
	}
	for _, part := range w.options.With {
		switch {
		case part == "nginx":
			w.nginx = true
		case w.manager != nil:
			return nil, fmt.Errorf("--with %s: want either supervisor or systemd, not both", strings.Join(w.options.With, ","))
		case part == "supervisor":
			w.manager = &supervisor{Deployment: d}
		case part == "systemd":
			manager, err := newSystemd(d, options.DryRun)
			if err != nil {
				return nil, err
			}
			w.manager = manager
		default:
			return nil, fmt.Errorf("there is no part %q: want supervisor or systemd, and nginx", part)
		}
	}
	if d.Root == "" && !options.DryRun && os.Geteuid() != 0 {
		return nil, errors.New("this changes the system and needs root: run it with sudo, or print the plan with --dry-run")
	}
	return w, nil
}

// Apply installs the product or updates it. Applying twice changes nothing the
// second time. If a step fails, the version that was running continues to run.
func (d *Deployment) Apply(ctx context.Context, options Options) error {
	w, err := d.newWork(options)
	if err != nil {
		return err
	}
	defer w.end()
	if err := w.isAlone(); err != nil {
		return err
	}
	adopted, err := w.look(ctx, !options.DryRun)
	if err != nil {
		return err
	}
	var steps []step
	if options.Adopt {
		steps = append(steps, w.adoptStep(adopted))
	}
	if d.Root == "" {
		steps = append(steps, w.packagesStep())
		if w.manager != nil {
			steps = append(steps, step{"Make the system user " + d.Name, d.makeUser})
		}
	}
	steps = append(steps,
		step{"Make the folders " + strings.Join(w.folders(), ", "), w.makeFolders},
		w.releaseStep())
	if w.nginx {
		steps = append(steps, step{"Test the configurations of nginx and logrotate", w.front.test})
	}
	if w.manager != nil {
		steps = append(steps, w.tryStep(false))
	} else {
		steps = append(steps, step{"Put the release live", func(context.Context) (string, error) { return "", w.activateFiles() }})
	}
	if w.nginx {
		steps = append(steps, w.nginxSteps()...)
	}
	if w.manager != nil {
		steps = append(steps, w.configureStep())
		steps = append(steps, w.restartSteps()...)
		steps = append(steps, w.dismissStep()...)
	}
	if w.nginx {
		steps = append(steps, w.hostSteps()...)
		steps = append(steps, w.quickTestStep())
	}
	err = follow(ctx, options.Out, append(steps, w.pruneStep()), options.DryRun)
	if err != nil && !options.DryRun && !w.passed {
		err = errors.Join(err, w.takeBack(ctx))
	}
	return err
}

// activateFiles makes the release live where no program is to be started.
func (w *work) activateFiles() error {
	w.undoPrograms = func(context.Context) error { return w.undo() }
	return w.activate(w.release)
}

// takeBack lets the programs, and then nginx, return to what was there before the
// deployment, and removes the release.
func (w *work) takeBack(ctx context.Context) (err error) {
	ctx, cancel := rollBackContext(ctx)
	defer cancel()
	if w.undoPrograms != nil {
		err = w.undoPrograms(ctx)
	}
	return errors.Join(err, w.front.putBack(ctx), w.discard())
}

// isAlone returns an error if another service manager, or a Debian package,
// already runs the programs: both would need the same ports.
func (w *work) isAlone() error {
	if w.manager == nil {
		return nil
	}
	for _, piece := range pieces {
		if other := w.Target(piece); piece.Part != "nginx" && piece.Part != w.manager.name() && w.owns(other) {
			return fmt.Errorf("%s is deployed with %s (%s): remove that first, by apply --with %[2]s --remove", w.Name, piece.Part, other)
		}
	}
	if packaged := w.at("/usr/lib/systemd/system/" + w.Name + "@.service"); exists(packaged) {
		return fmt.Errorf("%s is installed as a package (%s): remove that first, by apt-get remove %[1]s", w.Name, packaged)
	}
	return nil
}

// Reload replaces the running version with a new one, one process after the
// other. Each must be healthy before the next is restarted; if one is not, all
// return to the release before.
func (d *Deployment) Reload(ctx context.Context, options Options) error {
	options.With = d.installedParts(options.With)
	w, err := d.newWork(options)
	if err != nil {
		return err
	}
	defer w.end()
	if !options.DryRun && (w.manager == nil || d.live() == "") {
		return fmt.Errorf("%s is not deployed here: run ./deploy.sh, which is apiphant deploy apply", d.Name)
	}
	if _, err := w.look(ctx, false); err != nil {
		return err
	}
	steps := []step{w.releaseStep(), w.tryStep(true)}
	steps = append(steps, w.restartSteps()...)
	steps = append(steps, w.dismissStep()...)
	if w.nginx {
		steps = append(steps, w.quickTestStep())
	}
	return follow(ctx, options.Out, append(steps, w.pruneStep()), options.DryRun)
}

// installedParts returns the chosen parts, or by default those that are installed.
func (d *Deployment) installedParts(with []string) []string {
	if with != nil {
		return with
	}
	for _, piece := range pieces {
		if !slices.Contains(with, piece.Part) && d.owns(d.Target(piece)) {
			with = append(with, piece.Part)
		}
	}
	if with == nil {
		return DefaultParts
	}
	return with
}

func (w *work) end() {
	if w.standIn != nil {
		w.standIn.stop(w.StopTimeout())
	}
	if w.lock != nil {
		w.lock.Close()
	}
}

func (w *work) packagesStep() step {
	packages := []debianPackage{{"curl", "curl"}}
	if w.manager != nil {
		packages = append(packages, w.manager.packages()...)
	}
	if w.nginx {
		packages = append(packages, debianPackage{"nginx", "nginx"}, debianPackage{"logrotate", "logrotate"})
	}
	var names []string
	for _, p := range packages {
		names = append(names, p.name)
	}
	slices.Sort(names)
	return step{"Install the missing ones of these packages with apt-get: " + strings.Join(names, ", "), func(ctx context.Context) (string, error) {
		return installPackages(ctx, packages)
	}}
}

func (w *work) makeFolders(context.Context) (outcome string, err error) {
	if err = w.Deployment.makeFolders(w.manager != nil); err != nil {
		return "", err
	}
	var logs []string
	if w.nginx {
		logs = append(logs, "nginx-access.log", "nginx-error.log")
	}
	if w.manager != nil && w.manager.name() == "supervisor" {
		for _, program := range w.Programs() {
			logs = append(logs, program.Log)
		}
	}
	return "", errors.Join(w.makeLogs(logs...), w.takeLock())
}

func (w *work) takeLock() error {
	lock, err := lock(w.HomeDir())
	if err != nil {
		return fmt.Errorf("another deployment of %s is under way: %w", w.Name, err)
	}
	w.lock = lock
	return nil
}

func (w *work) releaseStep() step {
	what := "Make a release below " + w.releasesDir()
	switch {
	case w.manager == nil:
		what += ", of public/"
	case w.options.Binary != "":
		what += ", of " + w.options.Binary
	default:
		what += ": build the program, or without Go take it from " + PreparedDir
	}
	return step{what, func(ctx context.Context) (string, error) {
		if w.lock == nil {
			if err := w.takeLock(); err != nil {
				return "", err
			}
		}
		var err error
		w.before = w.live()
		if w.release, err = w.makeRelease(ctx, w.options, w.manager != nil); err != nil {
			return "", err
		}
		if w.manager != nil {
			if w.Deployment.bounds, err = askBounds(ctx, filepath.Join(w.release, w.Name)); err != nil {
				return "", errors.Join(err, w.discard())
			}
		}
		if w.release == w.before {
			return "the same as the live one", nil
		}
		return w.release, nil
	}}
}

// tryStep starts the stand-in, unless the programs already run this release.
func (w *work) tryStep(always bool) step {
	return step{"Try it at " + w.Address(w.StandIn), func(ctx context.Context) (outcome string, err error) {
		same, err := w.manager.isInstalled()
		if err == nil && same && always && w.nginx {
			same, err = w.front.isInstalled()
		}
		if err != nil {
			return "", err
		}
		if always && !same {
			return "", errors.Join(fmt.Errorf("%s, or a configuration, has changed since the last deployment: run ./deploy.sh", ConfFile), w.discard())
		}
		w.current = !always && same && w.release == w.before && w.manager.running(ctx)
		switch {
		case w.current:
			return "it is already live", nil
		case w.Processes == 0:
			return "this machine runs no API process", nil
		}
		if w.standIn, err = w.startStandIn(ctx, w.release); err != nil {
			return "", errors.Join(err, w.discard())
		}
		return "healthy", nil
	}}
}

// discard removes a release that did not become live.
func (w *work) discard() error {
	if w.release == w.before || w.release == w.live() {
		return nil
	}
	return os.RemoveAll(w.release)
}

// configureStep installs the service manager's configuration. If that has changed,
// or if nothing runs, it starts all programs at once; meanwhile the stand-in serves.
func (w *work) configureStep() step {
	return step{"Configure " + w.manager.name() + ": " + w.manager.target(), func(ctx context.Context) (string, error) {
		wasUp := w.manager.running(ctx)
		if !wasUp {
			if err := w.activate(w.release); err != nil {
				return "", err
			}
		}
		changed, err := w.manager.install(ctx)
		if err != nil {
			return "", errors.Join(err, w.undo())
		}
		if !changed && wasUp {
			return "up to date", nil
		}
		if err := w.startAll(ctx); err != nil {
			return "", errors.Join(err, w.rollBackAll(ctx))
		}
		w.current, w.undoPrograms = true, w.rollBackAll
		return "started all programs", nil
	}}
}

func (w *work) startAll(ctx context.Context) error {
	if err := w.activate(w.release); err != nil {
		return err
	}
	marks := map[string]string{}
	for _, program := range w.Programs() {
		marks[program.Name] = w.manager.mark(program)
	}
	if err := w.manager.reconcile(ctx); err != nil {
		return err
	}
	for _, program := range w.Programs() {
		if err := w.await(ctx, program); err != nil {
			return withLog(err, w.manager.log(ctx, program, marks[program.Name]))
		}
	}
	return nil
}

// undo makes the release before live again, and removes the new one.
func (w *work) undo() error {
	if w.before == "" {
		_, err := removeFile(w.Current())
		return errors.Join(err, w.discard())
	}
	return errors.Join(w.activate(w.before), w.discard())
}

// rollBackAll restores the configuration and the release that were there before.
func (w *work) rollBackAll(ctx context.Context) error {
	ctx, cancel := rollBackContext(ctx)
	defer cancel()
	if w.before != "" {
		if err := w.activate(w.before); err != nil {
			return err
		}
	}
	err := w.manager.putBack(ctx)
	return errors.Join(err, w.undo())
}

// rollBackContext returns a context for undoing a deployment, also one whose
// context has ended.
func rollBackContext(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 5*time.Minute)
}

// restartSteps returns the steps that restart one program after the other.
func (w *work) restartSteps() (steps []step) {
	programs := w.Programs()
	for i, program := range programs {
		steps = append(steps, step{"Restart " + program.Name + ", and wait until it is healthy", func(ctx context.Context) (string, error) {
			if w.current {
				if err := w.await(ctx, program); err == nil {
					return "already runs it", nil
				}
			}
			if err := w.activate(w.release); err != nil {
				return "", err
			}
			mark := w.manager.mark(program)
			err := w.manager.restart(ctx, program)
			if err == nil {
				err = w.await(ctx, program)
			}
			if err != nil {
				err = withLog(err, w.manager.log(ctx, program, mark))
				w.undoPrograms = nil
				return "", errors.Join(err, w.rollBack(ctx, programs[:i+1]))
			}
			if w.undoPrograms == nil {
				w.undoPrograms = func(ctx context.Context) error { return w.rollBack(ctx, programs) }
			}
			return "", nil
		}})
	}
	return steps
}

// renew restarts a program with the release before. It does not run quick-test.sh,
// which may expect the answers of the new release.
func (w *work) renew(ctx context.Context, program Program) error {
	if err := w.manager.restart(ctx, program); err != nil {
		return err
	}
	return w.awaitProgram(ctx, program)
}

// await waits until a program is healthy and passes quick-test.sh. A program
// without an address only has to run.
func (w *work) await(ctx context.Context, program Program) error {
	err := w.awaitProgram(ctx, program)
	if err == nil && program.Address != "" {
		_, err = w.quickTest(ctx, program.Address)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", program.Name, err)
	}
	return nil
}

func (w *work) awaitProgram(ctx context.Context, program Program) error {
	return w.awaitHealthy(ctx, program.Address, func(ctx context.Context) (bool, error) { return w.manager.state(ctx, program) })
}

// rollBack restarts programs with the release before, in reverse order.
func (w *work) rollBack(ctx context.Context, programs []Program) error {
	if w.before == "" || w.before == w.release {
		return errors.New("there is no earlier release to return to")
	}
	ctx, cancel := rollBackContext(ctx)
	defer cancel()
	if err := w.undo(); err != nil {
		return err
	}
	fmt.Fprintf(w.options.Out, "not healthy; back to %s … ", w.before)
	for _, program := range slices.Backward(programs) {
		if err := w.renew(ctx, program); err != nil {
			return fmt.Errorf("returning to %s: %w", w.before, err)
		}
	}
	return nil
}

func (w *work) dismissStep() []step {
	if w.Processes == 0 {
		return nil
	}
	return []step{{fmt.Sprintf("Stop the stand-in at %s", w.Address(w.StandIn)), func(context.Context) (string, error) {
		if w.standIn == nil {
			return "it was not started", nil
		}
		w.standIn.stop(w.StopTimeout())
		w.standIn = nil
		return "", nil
	}}}
}

func (w *work) nginxSteps() []step {
	site, _ := FindPiece("nginx")
	rotation, _ := FindPiece("logrotate")
	return []step{
		{"Configure nginx: " + w.Target(site), w.front.install},
		{"Configure logrotate: " + w.Target(rotation), w.front.installLogrotate},
	}
}

func (w *work) hostSteps() []step {
	if w.Root != "" || w.Domain != localName(w.Name) {
		return nil
	}
	return []step{{"Add " + w.Domain + " to " + hostsFile, w.addHost}}
}

func (w *work) quickTestStep() step {
	return step{"Ask through nginx: quick-test.sh", func(ctx context.Context) (string, error) {
		return w.front.answers(ctx)
	}}
}

func (w *work) pruneStep() step {
	return step{fmt.Sprintf("Remove releases beyond the newest %d", keepReleases+1), func(context.Context) (string, error) {
		w.passed = true
		return "", w.prune()
	}}
}
