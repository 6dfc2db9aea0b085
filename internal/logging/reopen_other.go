//go:build !unix

package logging

import (
	"errors"
	"os"
)

const nonBlocking = 0

// noReader is no error of this system.
var noReader = errors.New("no reader")

// notifyOfReopen does nothing: there is no SIGUSR1 here.
func notifyOfReopen(chan os.Signal) {}
