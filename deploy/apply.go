package deploy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
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

	// Finisher returns a command that calls [Deployment.Finish] with its standard input,
	// for a deployment with these parts. It is started in a session of its own, before
	// anything that runs is touched. Nil: what a killed deployment has stopped is started
	// by the next one.
	Finisher func(with []string) (*exec.Cmd, error)

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

	lock    *os.File
	release string // the new release
	before  string // the release that was live before; "" if there was none
	keeps   bool   // programs that run the new release already are not restarted
	standIn *standIn
	guard   *guard         // nil until something that runs is touched
	watched map[string]int // the processes of the programs that were started, by the programs' names

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
	if err := errors.Join(w.takeLockEarly(ctx), w.isAlone()); err != nil {
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
		steps = append(steps, w.watchStep())
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

// isAlone returns an error if another service manager, or a Debian package,
// already runs the programs: both would need the same ports.
func (w *work) isAlone() error {
	if w.manager == nil {
		return nil
	}
	for _, piece := range pieces {
		if other := w.Target(piece); piece.Part != "nginx" && piece.Part != w.manager.name() && (w.owns(other) || w.hasForm(piece)) {
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
	if err := w.takeLockEarly(ctx); err != nil {
		return err
	}
	if _, err := w.look(ctx, false); err != nil {
		return err
	}
	steps := []step{w.releaseStep(), w.tryStep(true)}
	steps = append(steps, w.restartSteps()...)
	steps = append(steps, w.watchStep())
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
	if w.guard != nil {
		w.guard.dismiss()
	}
	if w.lock != nil {
		_ = unlock(w.lock)
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

func (w *work) makeFolders(ctx context.Context) (outcome string, err error) {
	if err = w.Deployment.makeFolders(w.manager != nil); err != nil {
		return "", err
	}
	if err = w.takeLock(ctx); err != nil {
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
	return "", w.makeLogs(logs...)
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
		err := w.takeLock(ctx) // which [Deployment.Reload] has no other step for
		if err != nil {
			return "", err
		}
		w.before = cmp.Or(w.proven(), w.live())
		if w.release, err = w.makeRelease(ctx, w.options, w.manager != nil); err != nil {
			return "", err
		}
		if w.manager != nil {
			if w.Deployment.bounds, err = askBounds(ctx, filepath.Join(w.release, w.Name)); err != nil {
				return "", errors.Join(err, w.discard())
			}
		}
		if w.release == w.live() {
			return "the same as the live one", nil
		}
		return w.release, nil
	}}
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
	return step{fmt.Sprintf("Keep it as proven, and remove releases beyond the newest %d", keepReleases+1), func(context.Context) (string, error) {
		w.passed = true
		if w.manager != nil {
			if err := w.point(w.provenLink(), w.release); err != nil {
				return "", err
			}
		}
		return "", w.prune()
	}}
}
