//go:build unix

package product

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// Reload builds the product and runs it. It does so again each time one of the
// product's files is saved, until ctx ends or the process gets SIGINT, SIGTERM or
// SIGHUP.
//
// The program inherits the listener as descriptor 3, as in systemd's socket
// activation: LISTEN_FDS is 1. LISTEN_PID is not set, since the process id is not
// known before the program runs. The program must send READY=1 to NOTIFY_SOCKET
// when it is ready; then the program before it gets SIGTERM. If the new program
// does not compile, ends, or is not ready in time, Reload reports that on Stderr,
// and the old program continues to serve.
//
// If no program runs, because the last one ended or the product can't be built,
// requests are answered with 503 until a file is saved. During the build that
// follows they wait in the listener's queue.
//
// Reload forwards the first signal to every program that runs and waits until they
// have drained; a second signal kills them. It returns the exit status of the
// program that served last: 128 plus the number of a signal if one ended it. If
// this process is killed, Linux sends the programs SIGTERM.
func (p *Product) Reload(ctx context.Context, options ReloadOptions) (status int, err error) {
	file, ok := options.Listener.(interface{ File() (*os.File, error) })
	if !ok {
		return 1, fmt.Errorf("reload: a %T has no method File", options.Listener)
	}
	r := &reloader{
		product: p,
		options: options,
		alive:   map[*child]bool{},
		events:  make(chan childEvent),
		builds:  make(chan outcome),
		done:    make(chan struct{}),
	}
	r.options.Ready = cmp.Or(options.Ready, 15*time.Second)
	if r.options.Stderr == nil {
		r.options.Stderr = io.Discard
	}
	if r.listener, err = file.File(); err != nil {
		return 1, fmt.Errorf("reload: %w", err)
	}
	defer r.listener.Close()
	if r.sockets, err = socketDir(); err != nil {
		return 1, fmt.Errorf("reload: %w", err)
	}
	defer os.RemoveAll(r.sockets)
	r.standIn = &standIn{listener: options.Listener}
	defer r.standIn.set(false)
	watcher, err := watch(p.Dir, p.moduleRoot(), options.Poll)
	if err != nil {
		return 1, fmt.Errorf("reload: %w", err)
	}
	defer watcher.close()
	return r.run(ctx, watcher.changes), nil
}

// socketDir creates the folder for the programs' NOTIFY_SOCKETs. The path of a Unix
// socket is limited to about 100 bytes.
func socketDir() (string, error) {
	if len(os.TempDir()) > 60 {
		return os.MkdirTemp("/tmp", "apiphant-")
	}
	return os.MkdirTemp("", "apiphant-")
}

// reloader is the state of Reload. Only the goroutine of run uses it.
type reloader struct {
	options  ReloadOptions
	product  *Product // of the last build
	listener *os.File
	standIn  *standIn
	sockets  string // the folder for NOTIFY_SOCKETs

	serving  *child          // the last child that was ready; it may have ended
	starting *child          // the child that is not ready yet, or nil
	alive    map[*child]bool // the children that run: these two, and those that drain
	status   int             // the exit status of the child that served last
	stopping bool

	number      int  // of the last build, counted from 1
	building    bool // the last build has not ended
	cancelBuild context.CancelFunc
	background  sync.WaitGroup // the goroutines that build and that wait for children
	events      chan childEvent
	builds      chan outcome
	done        chan struct{} // closed at the end, when events and builds are no longer read
}

// outcome is the result of a build.
type outcome struct {
	number  int
	product *Product
	binary  string
	err     error
}

func (r *reloader) run(ctx context.Context, changes <-chan struct{}) (status int) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	defer r.background.Wait()
	defer close(r.done)

	r.rebuild(ctx)
	end := ctx.Done()
	for !r.stopping || len(r.alive) > 0 {
		r.standIn.set(r.waits())
		select {
		case <-changes:
			r.rebuild(ctx)
		case b := <-r.builds:
			r.built(b)
		case e := <-r.events:
			r.happened(e)
		case <-end:
			end = nil
			r.stop(syscall.SIGTERM)
		case s := <-signals:
			r.stop(s.(syscall.Signal))
		}
	}
	return r.status
}

// rebuild starts a build. It cancels a build that has not ended.
func (r *reloader) rebuild(ctx context.Context) {
	if r.stopping {
		return
	}
	if r.cancelBuild != nil {
		r.cancelBuild()
	}
	ctx, r.cancelBuild = context.WithCancel(ctx)
	r.number++
	r.building = true
	b := outcome{number: r.number}
	r.background.Go(func() {
		if b.product, b.err = Load(r.product.Dir); b.err == nil {
			b.binary, b.err = b.product.Build(ctx, BuildOptions{Progress: r.options.Stderr})
		}
		select {
		case r.builds <- b:
		case <-r.done:
		}
	})
}

// built starts the program that was built, unless the same file serves already.
func (r *reloader) built(b outcome) {
	if b.number != r.number || r.stopping {
		return
	}
	r.building = false
	if b.product != nil {
		for _, warning := range b.product.Warnings {
			r.say("Warning: %s", warning)
		}
	}
	if b.err != nil {
		r.say("%v\n%s", b.err, r.otherwise())
		return
	}
	r.product = b.product
	if r.alive[r.serving] && r.starting == nil && r.serving.runs(b.binary) {
		r.say("%s is unchanged.", r.product.Name)
		return
	}
	if r.starting != nil {
		r.starting.signal(syscall.SIGTERM) // if it has begun to serve, it drains
		r.starting = nil
	}
	c, err := r.start(b.binary)
	if err != nil {
		r.say("%v\n%s", err, r.otherwise())
		return
	}
	r.starting = c
	r.alive[c] = true
}

// happened handles an event of a child.
func (r *reloader) happened(e childEvent) {
	c := e.child
	if e.what == ended {
		r.ended(c, e.status)
		return
	}
	if c != r.starting || r.stopping {
		return
	}
	switch e.what {
	case ready:
		old := r.serving
		r.serving, r.starting = c, nil
		if old != nil {
			r.say("%s is reloaded.", r.product.Name)
		}
		if r.alive[old] {
			old.signal(syscall.SIGTERM)
		}
	case late:
		r.starting = nil
		r.say("%s wasn't ready within %v and was killed.\n%s", r.product.Name, r.options.Ready, r.otherwise())
		c.signal(syscall.SIGKILL)
	}
}

// ended handles the end of a child.
func (r *reloader) ended(c *child, status int) {
	delete(r.alive, c)
	switch c {
	case r.starting:
		r.starting = nil
		if r.serving == nil || r.stopping {
			r.status = status
		}
		if !r.stopping {
			r.say("%s ended before it was ready (exit status %d).\n%s", r.product.Name, status, r.otherwise())
		}
	case r.serving:
		r.status = status
		if !r.stopping && r.starting == nil {
			r.say("%s ended by itself (exit status %d).\n%s", r.product.Name, status, r.otherwise())
		}
	}
}

// stop forwards the first signal to all children. The second one kills them.
func (r *reloader) stop(s syscall.Signal) {
	if s == syscall.SIGHUP {
		s = syscall.SIGTERM // SIGHUP would restart the program
	}
	if r.stopping {
		s = syscall.SIGKILL
	} else {
		r.say("Stopping %s; a second signal kills it.", r.product.Name)
	}
	r.stopping = true
	r.cancelBuild()
	for c := range r.alive {
		c.signal(s)
	}
}

func (r *reloader) say(format string, values ...any) {
	fmt.Fprintf(r.options.Stderr, format+"\n", values...)
}

// otherwise returns the sentence that follows the report of a failure: what
// serves now.
func (r *reloader) otherwise() string {
	if r.alive[r.serving] {
		return "The old program serves on."
	}
	return "Waiting for a change."
}

// waits reports whether no program serves, starts or is built, so that nothing
// changes before a file is saved.
func (r *reloader) waits() bool {
	return !r.building && !r.stopping && r.starting == nil && !r.alive[r.serving]
}

// start starts the binary as a child that inherits the listener.
func (r *reloader) start(binary string) (*child, error) {
	socket, err := listenReady(filepath.Join(r.sockets, fmt.Sprint(r.number)))
	if err != nil {
		return nil, err
	}
	c := newChild(binary, r.options, r.listener, socket)
	if err := c.run(&r.background, r.report); err != nil {
		return nil, errors.Join(err, socket.Close())
	}
	return c, nil
}

// report sends an event to the goroutine of run.
func (r *reloader) report(e childEvent) {
	select {
	case r.events <- e:
	case <-r.done:
	}
}
