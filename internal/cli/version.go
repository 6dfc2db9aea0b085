package cli

import "github.com/apiphant/apiphant/internal/command"

// commit is the commit that a release was built from. The linker sets it, by make
// release: the build information of a program that is built from a module, and not
// in a checkout, names no commit.
var commit string

// version returns what --version prints: the version, Go's, and the commit where
// this is a release.
func version() string {
	if commit == "" {
		return command.Version()
	}
	return command.Version() + " commit " + commit
}
