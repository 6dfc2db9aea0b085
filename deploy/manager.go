package deploy

import "context"

// serviceManager starts the programs and restarts them when they end.
type serviceManager interface {
	// packages returns the Debian packages that it needs.
	packages() []debianPackage

	name() string   // "supervisor"
	target() string // the file of its configuration

	// isInstalled reports whether the installed configuration is the one that
	// install would write.
	isInstalled() (bool, error)

	// install checks the configuration and writes it. It reports whether
	// anything changed. Running programs are left as they are.
	install(ctx context.Context) (changed bool, err error)

	// putBack undoes install.
	putBack(ctx context.Context) error

	// isLoaded reports whether it works by the installed configuration.
	isLoaded(ctx context.Context) (bool, error)

	// running reports whether any of the programs runs.
	running(ctx context.Context) bool

	// pid returns the id of a program's process; 0: it does not run.
	pid(ctx context.Context, program Program) int

	// reconcile starts, stops and restarts programs until they are those of the
	// configuration.
	reconcile(ctx context.Context) error

	// restart stops a program, which drains, and starts it again.
	restart(ctx context.Context, program Program) error

	// settle makes whole what a deployment has left that was killed: the programs are
	// those of the configuration, and all of them are started.
	settle(ctx context.Context) error

	// state reports whether a program is still starting. A program that has
	// ended is an error.
	state(ctx context.Context, program Program) (starting bool, err error)

	// log returns what a program wrote since a mark, or its last lines if the
	// mark is "". mark returns the present end of the log.
	log(ctx context.Context, program Program, mark string) string
	mark(program Program) string

	// remove stops the programs and removes the configuration.
	remove(ctx context.Context) (removed bool, err error)
}
