//go:build unix

package program

import (
	"os"
	"os/signal"
	"syscall"
)

// notifyOfReopen sends SIGUSR1 to a channel, for as long as the process lives:
// it would end it otherwise, and so would SIGPIPE, once nobody reads what is
// written to standard error.
func notifyOfReopen(reopen chan os.Signal) {
	signal.Notify(reopen, syscall.SIGUSR1)
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
}
