//go:build unix

package logging

import (
	"os"
	"os/signal"
	"syscall"
)

// open(2) with nonBlocking returns noReader for a FIFO that no process reads.
const (
	nonBlocking = syscall.O_NONBLOCK
	noReader    = syscall.ENXIO
)

// notifyOfReopen relays SIGUSR1 to a channel until the process ends. It also
// catches SIGPIPE, which would end the process once nobody reads its standard
// error. Ignoring SIGPIPE would do as well, but child processes inherit that.
func notifyOfReopen(reopen chan os.Signal) {
	signal.Notify(reopen, syscall.SIGUSR1)
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
}
