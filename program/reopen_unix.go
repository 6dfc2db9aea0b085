//go:build unix

package program

import (
	"os"
	"os/signal"
	"syscall"
)

// notifyOfReopen sends SIGUSR1 to a channel, for as long as the process lives.
// SIGPIPE would end it, once nobody reads what it writes to standard error: it
// is caught, and not ignored, which the programs that it starts would inherit.
func notifyOfReopen(reopen chan os.Signal) {
	signal.Notify(reopen, syscall.SIGUSR1)
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
}
