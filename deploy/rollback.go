package deploy

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"
)

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

// rollBackAll restores the configuration and the release that were there before. The
// configuration may have been there already, written by a deployment that was
// interrupted: then the programs are restarted as they are.
func (w *work) rollBackAll(ctx context.Context) error {
	ctx, cancel := rollBackContext(ctx)
	defer cancel()
	if w.before != "" {
		if err := w.activate(w.before); err != nil {
			return err
		}
	}
	err := errors.Join(w.manager.putBack(ctx), w.undo())
	for _, program := range slices.Backward(w.Programs()) {
		if w.before != "" && w.runsOther(ctx, program, w.before) {
			err = errors.Join(err, w.renew(ctx, program))
		}
	}
	return err
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

// renew restarts a program with the release before. It does not run quick-test.sh,
// which may expect the answers of the new release.
func (w *work) renew(ctx context.Context, program Program) error {
	if err := w.manager.restart(ctx, program); err != nil {
		return err
	}
	return w.awaitProgram(ctx, program)
}

// undo makes the release before live again, and removes the new one.
func (w *work) undo() error {
	if w.before == "" {
		_, err := removeFile(w.Current())
		return errors.Join(err, w.discard())
	}
	return errors.Join(w.activate(w.before), w.discard())
}

// discard removes a release that did not become live.
func (w *work) discard() error {
	if w.release == w.before || w.release == w.live() {
		return nil
	}
	return os.RemoveAll(w.release)
}

// rollBackContext returns a context for undoing a deployment, also one whose
// context has ended.
func rollBackContext(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 5*time.Minute)
}
