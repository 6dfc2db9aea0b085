package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"

	"github.com/apiphant/apiphant/internal/address"
)

// firstInherited is the first descriptor of sd_listen_fds(3): those before it
// are standard input, output and error.
const firstInherited = 3

// Listen opens the listener of HOST:PORT, in any form that [ParseAddress] takes,
// or takes over the one that this process was started with: descriptor 3, as
// LISTEN_FDS says (sd_listen_fds(3); LISTEN_PID counts only where it is set). So
// come systemd's socket activation, and every way of handing a listener on from
// one version of a program to the next.
func Listen(hostPort string) (net.Listener, error) {
	at, err := address.Parse(hostPort)
	if err != nil {
		return nil, err
	}
	inherited, err := inheritedListener()
	if inherited != nil || err != nil {
		return inherited, err
	}
	var config net.ListenConfig
	config.SetMultipathTCP(false) // Go's default, whose sockets take no filter: see letNobodyIn
	listener, err := config.Listen(context.Background(), address.Network(at), at)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is taken: another program listens there; stop it, or choose another port (0 takes a free one)", at)
	}
	if err != nil {
		return nil, fmt.Errorf("can't listen at %s: %w", at, err)
	}
	return listener, nil
}

// ParseAddress brings HOST:PORT into the form HOST:PORT or [HOST]:PORT. An IPv6
// host may stand without its brackets: ::1:8001 is [::1]:8001. Port 0 is a free
// one.
func ParseAddress(text string) (string, error) { return address.Parse(text) }

// sharedListener is one that other processes hold, too.
type sharedListener struct{ *net.TCPListener }

func isSole(ln net.Listener) bool {
	_, shared := ln.(sharedListener)
	return !shared
}

// soleName is the name (LISTEN_FDNAMES) under which a process gets a listener
// that nobody else will go on to hold; see [HandOver].
const soleName = "sole"

func inheritedListener() (net.Listener, error) {
	count, pid, names := os.Getenv("LISTEN_FDS"), os.Getenv("LISTEN_PID"), os.Getenv("LISTEN_FDNAMES")
	if count == "" || pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return nil, nil
	}
	for _, name := range []string{"LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"} {
		_ = os.Unsetenv(name) // so that a program started by this one does not take them for its own
	}
	if count != "1" {
		return nil, fmt.Errorf("LISTEN_FDS is %q%s: want exactly one listener", count, called(names))
	}
	file := os.NewFile(firstInherited, "listener")
	defer file.Close()
	listener, err := net.FileListener(file)
	if err != nil {
		return nil, fmt.Errorf("the inherited descriptor %d%s is no listener: %w", firstInherited, called(names), err)
	}
	if tcp, ok := listener.(*net.TCPListener); ok && names != soleName {
		return sharedListener{tcp}, nil
	}
	return listener, nil
}

// called shows LISTEN_FDNAMES in an error, by which the one at fault can be found.
func called(names string) string {
	if names == "" {
		return ""
	}
	return fmt.Sprintf(" (%s)", names)
}
