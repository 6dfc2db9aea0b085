package server

import (
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
	reserved, err := Reserve(hostPort)
	if err != nil {
		return nil, err
	}
	defer reserved.Close()
	return reserved.Listen()
}

// Reservation is an address at which this process will listen. Until then the
// system refuses clients there, so that a proxy asks another process at once. A
// listener that was handed over is open already: clients wait in its queue.
type Reservation struct {
	at        string
	inherited net.Listener // nil: none was handed over
	socket    *socket      // nil: there is no more to listen with
}

// Reserve is [Listen] in two steps. It takes the address, or is an error where
// another program listens there; [Reservation.Listen] opens the listener. The
// caller must call Close.
func Reserve(hostPort string) (*Reservation, error) {
	at, err := address.Parse(hostPort)
	if err != nil {
		return nil, err
	}
	inherited, err := inheritedListener()
	if inherited != nil || err != nil {
		return &Reservation{inherited: inherited}, err
	}
	bound, err := bind(address.Network(at), at)
	if err != nil {
		return nil, explainListen(at, err)
	}
	return &Reservation{at: at, socket: bound}, nil
}

// Listen opens the listener, which is the caller's. It is called once. Where two
// programs have reserved one address, the second that listens gets an error.
func (r *Reservation) Listen() (net.Listener, error) {
	if ln := r.inherited; ln != nil {
		r.inherited = nil
		return ln, nil
	}
	ln, err := r.socket.listen()
	if err != nil {
		return nil, explainListen(r.at, err)
	}
	return ln, nil
}

// Close gives the address back, unless Listen was called.
func (r *Reservation) Close() error {
	switch {
	case r.inherited != nil:
		return r.inherited.Close()
	case r.socket != nil:
		return r.socket.close()
	}
	return nil
}

func explainListen(at string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s is taken: another program listens there; stop it, or choose another port (0 takes a free one)", at)
	}
	return fmt.Errorf("can't listen at %s: %w", at, err)
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
