package deploy

import "context"

// keeper is what keeps the programs running.
type keeper interface {
	// packages are what must be installed.
	packages() []debianPackage

	name() string   // "supervisor"
	target() string // its configuration

	// isInstalled reports whether the configuration is in place as it would be
	// installed.
	isInstalled() (bool, error)

	// install puts the configuration in place, where it is accepted, and
	// tells whether anything changed. What runs is not touched.
	install(ctx context.Context) (changed bool, err error)

	// putBack undoes install.
	putBack(ctx context.Context) error

	// running tells whether it has any of the programs running.
	running(ctx context.Context) bool

	// adopt makes what runs be what the configuration says.
	adopt(ctx context.Context) error

	// restart ends a program, lets it drain, and starts it anew.
	restart(ctx context.Context, program Program) error

	// state tells whether a program is still being started; an error where it
	// has ended instead.
	state(ctx context.Context, program Program) (starting bool, err error)

	// log returns what a program wrote since a mark, "" for its last lines;
	// mark is where it stands now.
	log(ctx context.Context, program Program, mark string) string
	mark(program Program) string

	// remove ends the programs and takes the configuration away.
	remove(ctx context.Context) (removed bool, err error)
}
