package deploy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// DefaultParts are the parts of a deployment, where none are chosen.
var DefaultParts = []string{"supervisor", "nginx"}

// Options say how a deployment is done.
type Options struct {
	// With are the parts: supervisor or systemd, nginx; nil: [DefaultParts].
	With []string

	// Binary is a program that is built already; "": Build builds it, or where
	// there is no Go it is taken from the product's folder dist.
	Binary string
	Build  func(ctx context.Context, output string) error

	DryRun bool      // only tell the plan
	Out    io.Writer // is told what is done
}

// work is one deployment that is being done.
type work struct {
	*Deployment
	options Options
	keeper  keeper // nil: none of the parts runs programs
	nginx   bool

	lock    io.Closer
	release string // the new one
	before  string // the one that was live before, "" for none
	current bool   // the programs run the new one already
	standIn *standIn
}

func (d *Deployment) newWork(options Options) (*work, error) {
	w := &work{Deployment: d, options: options}
	if options.With == nil {
		w.options.With = DefaultParts
	}
	for _, part := range w.options.With {
		switch {
		case part == "nginx":
			w.nginx = true
		case w.keeper != nil:
			return nil, fmt.Errorf("--with %s: want one of supervisor and systemd, not both", strings.Join(w.options.With, ","))
		case part == "supervisor":
			w.keeper = &supervisor{Deployment: d}
		case part == "systemd":
			keeper, err := newSystemd(d, options.DryRun)
			if err != nil {
				return nil, err
			}
			w.keeper = keeper
		default:
			return nil, fmt.Errorf("there is no part %q: want supervisor or systemd, and nginx", part)
		}
	}
	if d.Root == "" && !options.DryRun && os.Geteuid() != 0 {
		return nil, errors.New("this changes the system, and wants root: run it with sudo (or look at what it would do, with --dry-run)")
	}
	return w, nil
}

// Apply installs the product, or brings it up to date: with the same outcome
// however often it is done. Where a step fails, the version that was running
// runs on.
func (d *Deployment) Apply(ctx context.Context, options Options) error {
	w, err := d.newWork(options)
	if err != nil {
		return err
	}
	defer w.end()
	if err := w.isAlone(); err != nil {
		return err
	}
	var steps []step
	if d.Root == "" {
		steps = append(steps, w.packagesStep())
		if w.keeper != nil {
			steps = append(steps, step{"Make the system user " + d.Name, d.makeUser})
		}
	}
	steps = append(steps,
		step{fmt.Sprintf("Make the folders %s, %s and %s", d.HomeDir(), d.DataDir(), d.LogDir()), w.makeFolders},
		w.releaseStep())
	if w.keeper != nil {
		steps = append(steps, w.tryStep(false), w.configureStep())
		steps = append(steps, w.restartSteps()...)
		steps = append(steps, w.dismissStep()...)
	} else {
		steps = append(steps, step{"Put the release live", func(context.Context) (string, error) { return "", d.activate(w.release) }})
	}
	if w.nginx {
		steps = append(steps, w.nginxSteps()...)
		steps = append(steps, w.quickTestStep())
	}
	return follow(ctx, options.Out, append(steps, w.pruneStep()), options.DryRun)
}

// isAlone refuses to start the programs where another keeper, or the package,
// does: they have the ports.
func (w *work) isAlone() error {
	if w.keeper == nil {
		return nil
	}
	for _, piece := range pieces {
		if other := w.Target(piece); piece.Part != "nginx" && piece.Part != w.keeper.name() && exists(other) {
			return fmt.Errorf("%s is deployed with %s (%s): remove that first, by apply --with %[2]s --remove", w.Name, piece.Part, other)
		}
	}
	if packaged := w.at("/usr/lib/systemd/system/" + w.Name + "@.service"); exists(packaged) {
		return fmt.Errorf("%s is installed as a package (%s): remove that first, by apt-get remove %[1]s", w.Name, packaged)
	}
	return nil
}

// Reload puts a new version live, process after process, each asked for its
// health before the next; a version that doesn't come up healthy is taken back.
func (d *Deployment) Reload(ctx context.Context, options Options) error {
	options.With = d.installedParts(options.With)
	w, err := d.newWork(options)
	if err != nil {
		return err
	}
	defer w.end()
	if !options.DryRun && (w.keeper == nil || d.live() == "") {
		return fmt.Errorf("%s is not deployed here: run ./deploy.sh, which is apiphant deploy apply", d.Name)
	}
	steps := []step{w.releaseStep(), w.tryStep(true)}
	steps = append(steps, w.restartSteps()...)
	steps = append(steps, w.dismissStep()...)
	if w.nginx {
		steps = append(steps, w.quickTestStep())
	}
	return follow(ctx, options.Out, append(steps, w.pruneStep()), options.DryRun)
}

// installedParts are the parts that are there, where none are chosen.
func (d *Deployment) installedParts(with []string) []string {
	if with != nil {
		return with
	}
	for _, piece := range pieces {
		if !slices.Contains(with, piece.Part) && exists(d.Target(piece)) {
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
	if w.keeper != nil {
		packages = append(packages, w.keeper.packages()...)
	}
	if w.nginx {
		packages = append(packages, debianPackage{"nginx", "nginx"}, debianPackage{"logrotate", "logrotate"})
	}
	var names []string
	for _, p := range packages {
		names = append(names, p.name)
	}
	slices.Sort(names)
	return step{"Install with apt-get, where they are missing: " + strings.Join(names, ", "), func(ctx context.Context) (string, error) {
		return installPackages(ctx, packages)
	}}
}

func (w *work) makeFolders(ctx context.Context) (outcome string, err error) {
	if outcome, err = w.Deployment.makeFolders(ctx); err != nil {
		return "", err
	}
	return outcome, w.takeLock()
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
	case w.keeper == nil:
		what += ", of public/"
	case w.options.Binary != "":
		what += ", of " + w.options.Binary
	default:
		what += ": build the program, or take it from " + PreparedDir + " where there is no Go"
	}
	return step{what, func(ctx context.Context) (string, error) {
		if w.lock == nil {
			if err := w.takeLock(); err != nil {
				return "", err
			}
		}
		var err error
		w.before = w.live()
		if w.release, err = w.makeRelease(ctx, w.options, w.keeper != nil); err != nil {
			return "", err
		}
		if w.release == w.before {
			return "the one that is live is the same", nil
		}
		return w.release, nil
	}}
}

// tryStep starts the stand-in, where there is anything to restart.
func (w *work) tryStep(always bool) step {
	return step{"Try it at " + w.Address(w.StandIn), func(ctx context.Context) (outcome string, err error) {
		same, err := w.keeper.isInstalled()
		if err != nil {
			return "", err
		}
		if always && !same {
			return "", errors.Join(fmt.Errorf("%s, or a configuration, has changed since the last deployment: run ./deploy.sh", ConfFile), w.discard())
		}
		w.current = !always && same && w.release == w.before && w.keeper.running(ctx)
		switch {
		case w.current:
			return "it is live", nil
		case w.Processes == 0:
			return "no API process is for this machine", nil
		}
		if w.standIn, err = w.startStandIn(ctx, w.release); err != nil {
			return "", errors.Join(err, w.discard())
		}
		return "healthy", nil
	}}
}

// discard removes a release that did not go live.
func (w *work) discard() error {
	if w.release == w.before || w.release == w.live() {
		return nil
	}
	return os.RemoveAll(w.release)
}

// configureStep installs the keeper's configuration. Where that has changed, or
// nothing runs, all programs are started at once, with the stand-in in their place.
func (w *work) configureStep() step {
	return step{"Configure " + w.keeper.name() + ": " + w.keeper.target(), func(ctx context.Context) (string, error) {
		wasUp := w.keeper.running(ctx)
		if !wasUp {
			if err := w.activate(w.release); err != nil {
				return "", err
			}
		}
		changed, err := w.keeper.install(ctx)
		if err != nil {
			return "", errors.Join(err, w.undo())
		}
		if !changed && wasUp {
			return "is up to date", nil
		}
		if err := w.startAll(ctx); err != nil {
			return "", errors.Join(err, w.rollBackAll(ctx))
		}
		w.current = true
		return "all programs are started with it", nil
	}}
}

func (w *work) startAll(ctx context.Context) error {
	if err := w.activate(w.release); err != nil {
		return err
	}
	marks := map[string]string{}
	for _, program := range w.Programs() {
		marks[program.Name] = w.keeper.mark(program)
	}
	if err := w.keeper.adopt(ctx); err != nil {
		return err
	}
	for _, program := range w.Programs() {
		if err := w.await(ctx, program); err != nil {
			return withLog(err, w.keeper.log(ctx, program, marks[program.Name]))
		}
	}
	return nil
}

// undo makes the release live that was before.
func (w *work) undo() error {
	if w.before == "" {
		_, err := removeFile(w.Current())
		return errors.Join(err, w.discard())
	}
	return errors.Join(w.activate(w.before), w.discard())
}

// rollBackAll takes back the configuration and the release.
func (w *work) rollBackAll(ctx context.Context) error {
	ctx, cancel := rollBackContext(ctx)
	defer cancel()
	if w.before != "" {
		if err := w.activate(w.before); err != nil {
			return err
		}
	}
	err := w.keeper.putBack(ctx)
	return errors.Join(err, w.undo())
}

// rollBackContext lets an interrupted deployment take back what it did.
func rollBackContext(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 5*time.Minute)
}

// restartSteps restart one program after the other.
func (w *work) restartSteps() (steps []step) {
	programs := w.Programs()
	for i, program := range programs {
		steps = append(steps, step{"Restart " + program.Name + ", and wait until it is healthy", func(ctx context.Context) (string, error) {
			if w.current {
				if err := w.await(ctx, program); err == nil {
					return "runs it", nil
				}
			}
			if err := w.activate(w.release); err != nil {
				return "", err
			}
			mark := w.keeper.mark(program)
			err := w.keeper.restart(ctx, program)
			if err == nil {
				err = w.await(ctx, program)
			}
			if err != nil {
				err = withLog(err, w.keeper.log(ctx, program, mark))
				return "", errors.Join(err, w.rollBack(ctx, programs[:i+1]))
			}
			return "", nil
		}})
	}
	return steps
}

// renew brings a program back to the release before, which this product's
// quick-test.sh need not be for.
func (w *work) renew(ctx context.Context, program Program) error {
	if err := w.keeper.restart(ctx, program); err != nil {
		return err
	}
	return w.awaitProgram(ctx, program)
}

// await returns when a program is healthy and has a right answer; one without an
// address, when it runs.
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
	return w.awaitHealthy(ctx, program.Address, func(ctx context.Context) (bool, error) { return w.keeper.state(ctx, program) })
}

// rollBack restarts programs with the release that was live before, the last
// one first.
func (w *work) rollBack(ctx context.Context, programs []Program) error {
	if w.before == "" || w.before == w.release {
		return errors.New("there is no other release to go back to")
	}
	ctx, cancel := rollBackContext(ctx)
	defer cancel()
	if err := w.undo(); err != nil {
		return err
	}
	fmt.Fprintf(w.options.Out, "not healthy; back to %s … ", w.before)
	for _, program := range slices.Backward(programs) {
		if err := w.renew(ctx, program); err != nil {
			return fmt.Errorf("going back to %s: %w", w.before, err)
		}
	}
	return nil
}

func (w *work) dismissStep() []step {
	if w.Processes == 0 {
		return nil
	}
	return []step{{fmt.Sprintf("End the one at %s", w.Address(w.StandIn)), func(context.Context) (string, error) {
		if w.standIn == nil {
			return "there is none", nil
		}
		w.standIn.stop(w.StopTimeout())
		w.standIn = nil
		return "", nil
	}}}
}

func (w *work) nginxSteps() []step {
	front := nginx{w.Deployment}
	site, _ := FindPiece("nginx")
	rotation, _ := FindPiece("logrotate")
	steps := []step{
		{"Configure nginx: " + w.Target(site), front.install},
		{"Configure logrotate: " + w.Target(rotation), front.installLogrotate},
	}
	if w.Root == "" && w.Domain == localName(w.Name) {
		steps = append(steps, step{"Add " + w.Domain + " to " + hostsFile, w.addHost})
	}
	return steps
}

func (w *work) quickTestStep() step {
	return step{"Ask through nginx: quick-test.sh", func(ctx context.Context) (string, error) {
		return nginx{w.Deployment}.answers(ctx)
	}}
}

func (w *work) pruneStep() step {
	return step{fmt.Sprintf("Remove releases beyond the newest %d", keepReleases+1), func(context.Context) (string, error) {
		return "", w.prune()
	}}
}
