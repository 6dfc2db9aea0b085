//go:build !unix

package program

import "os"

// notifyOfReopen does nothing where there is no SIGUSR1.
func notifyOfReopen(chan os.Signal) {}
