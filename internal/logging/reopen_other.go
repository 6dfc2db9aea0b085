//go:build !unix

package logging

import "os"

// notifyOfReopen does nothing: there is no SIGUSR1 here.
func notifyOfReopen(chan os.Signal) {}
