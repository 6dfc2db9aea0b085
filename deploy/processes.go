package deploy

import (
	"context"
	"errors"
	"fmt"
)

// The steps that replace the processes.

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
		current := false
		if w.keeps = !always; w.keeps {
			if current, err = w.isCurrent(ctx, same); err != nil {
				return "", err
			}
		}
		if current {
			return "it is already live", nil
		}
		if w.guard, err = w.startGuard(); err != nil {
			return "", errors.Join(err, w.discard())
		}
		if w.Processes == 0 {
			return "this machine runs no API process", nil
		}
		if w.standIn, err = w.startStandIn(ctx, w.release); err != nil {
			return "", errors.Join(err, w.discard())
		}
		return "healthy", nil
	}}
}

// isCurrent reports whether there is nothing to do: the configuration is installed and
// loaded, and all programs run the release by it, which was watched.
func (w *work) isCurrent(ctx context.Context, isInstalled bool) (bool, error) {
	if !isInstalled || w.release != w.proven() || !w.runsAll(ctx, w.release) {
		return false, nil
	}
	return w.manager.isLoaded(ctx)
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
		w.keeps, w.undoPrograms = true, w.rollBackAll
		w.watch(ctx, w.Programs())
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

// restartSteps returns the steps that restart one program after the other.
func (w *work) restartSteps() (steps []step) {
	programs := w.Programs()
	for i, program := range programs {
		steps = append(steps, step{"Restart " + program.Name + ", and wait until it is healthy", func(ctx context.Context) (string, error) {
			if w.keeps && w.runs(ctx, program, w.release) && w.await(ctx, program) == nil {
				if w.release != w.proven() { // it was started by a deployment that was killed
					w.watchRestarted(ctx, program)
				}
				return "already runs it", nil
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
			w.watchRestarted(ctx, program)
			return "", nil
		}})
	}
	return steps
}

// watchRestarted has a program watched that runs the release by itself: if it ends, all
// return to the release before.
func (w *work) watchRestarted(ctx context.Context, program Program) {
	if w.undoPrograms == nil {
		w.undoPrograms = func(ctx context.Context) error { return w.rollBack(ctx, w.Programs()) }
	}
	w.watch(ctx, []Program{program})
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
