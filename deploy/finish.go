package deploy

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"time"
)

// guard is the finisher of a deployment, as the deployment sees it.
type guard struct {
	command *exec.Cmd
	input   io.WriteCloser
}

// ended is what a deployment that comes to its end writes to its finisher, also one that
// has failed: it has then taken back itself what it had begun.
const ended = "ended\n"

// startGuard starts the finisher, which inherits the lock. It returns nil where there is
// none.
func (w *work) startGuard() (*guard, error) {
	if w.options.Finisher == nil {
		return nil, nil
	}
	command, err := w.options.Finisher(w.options.With)
	if err != nil {
		return nil, err
	}
	detach(command)
	command.ExtraFiles = []*os.File{w.lock}
	input, err := command.StdinPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		return nil, err
	}
	return &guard{command, input}, nil
}

// dismiss tells the finisher that the deployment has ended, and waits for its end.
func (g *guard) dismiss() {
	_, _ = io.WriteString(g.input, ended)
	_ = g.input.Close()
	_ = g.command.Wait()
}

// Finish waits for the end of a deployment whose process has input's other end. It returns
// at once if the deployment came to its end. If it was killed, Finish does what must not
// wait for the next one: supervisor stops all programs before it starts them with another
// configuration, and a killed deployment would leave them stopped. All programs of the
// configuration are started, and when one of the API is healthy, the stand-in is ended,
// which serves until then. Finish takes back nothing, and takes a few minutes at most. The
// process has the lock of the deployment, so that another one waits.
func (d *Deployment) Finish(ctx context.Context, options Options, input io.Reader) error {
	said, err := io.ReadAll(io.LimitReader(input, int64(len(ended))))
	if err != nil || string(said) == ended {
		return err
	}
	w, err := d.newWork(options)
	if err != nil || w.manager == nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, w.finishTime())
	defer cancel()
	err = w.manager.settle(ctx)
	serves := false
	for _, program := range w.Programs() {
		healthy, failure := w.recover(ctx, program)
		err = errors.Join(err, failure)
		serves = serves || healthy && program.Address != ""
	}
	if serves {
		err = errors.Join(err, w.freeStandIn(ctx, w.Address(w.StandIn)))
	}
	return err
}

// finishTime is how long a finisher may take.
func (d *Deployment) finishTime() time.Duration { return 3*d.StopTimeout() + 3*healthTimeout }

// recover waits until a program is healthy, and reports whether it is. One that was told to
// end and does not is killed.
func (w *work) recover(ctx context.Context, program Program) (healthy bool, err error) {
	if !within(ctx, startTimeout, func() bool { return w.manager.pid(ctx, program) != 0 }) {
		return false, nil // it can't be started
	}
	isHealthy := func() bool {
		starting, err := w.manager.state(ctx, program)
		return err == nil && !starting && (program.Address == "" || askHealth(ctx, program.Address) == nil)
	}
	if within(ctx, w.StopTimeout()+healthTimeout, isHealthy) { // it may drain and then start
		return true, nil
	}
	if err := w.manager.restart(ctx, program); err != nil {
		return false, err
	}
	return within(ctx, healthTimeout, isHealthy), nil
}

// within asks until a condition holds, and reports whether it does within a time.
func within(ctx context.Context, timeout time.Duration, is func() bool) bool {
	for deadline := time.Now().Add(timeout); !is(); {
		if time.Now().After(deadline) || !pause(ctx, watchEvery) {
			return false
		}
	}
	return true
}
