package response

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
)

// Hijacker is an [Output] that can hand its connection over to the function.
type Hijacker interface {
	// Hijack sends head, unless that is nil, and hands over the connection as
	// [http.Hijacker] says. It is called at most once with success. From then on
	// nothing is called but End(false), where the function fails: it closes the
	// connection. Where Hijack returns an error, the function can still answer.
	Hijack(head *Head) (net.Conn, *bufio.ReadWriter, error)
}

// ErrCannotHijack is what Hijack returns where there is no connection to hand over. It
// wraps [http.ErrNotSupported], and so [errors.ErrUnsupported].
var ErrCannotHijack = fmt.Errorf("this request has no connection that could be hijacked, as by HTTP/2, in apitest.Local or behind a gateway: %w", http.ErrNotSupported)

var errBegun = errors.New("the answer has begun: before Hijack only WriteHeader(101) is possible")

// Hijack lets the function take over the connection: see [http.Hijacker]. If the
// function has called WriteHeader(101), that head is sent before. The errors are
// [http.ErrHijacked] the second time, and one that wraps [http.ErrNotSupported] and
// [errors.ErrUnsupported] where the door can't do it; a status of 101 that was written
// does not count then, so that the function can answer with an error.
func (w *Writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.over(); err != nil {
		return nil, nil, err
	}
	if w.body != nil || w.status != 0 && w.status != http.StatusSwitchingProtocols {
		return nil, nil, errBegun
	}
	conn, both, err := w.hijack()
	if err != nil {
		w.status = 0
		return nil, nil, err
	}
	w.hijacked = true
	w.started.Store(true)
	return conn, both, nil
}

func (w *Writer) hijack() (net.Conn, *bufio.ReadWriter, error) {
	hijacker, ok := w.output.(Hijacker)
	switch {
	case !ok:
		return nil, nil, ErrCannotHijack
	case w.status == 0:
		return hijacker.Hijack(nil)
	}
	return hijacker.Hijack(&Head{Status: w.status, Header: w.sent})
}

// over returns the error of whatever the function still does with the Writer once the
// answer has ended or the connection is hijacked; else nil.
func (w *Writer) over() error {
	switch {
	case w.hijacked:
		return http.ErrHijacked
	case w.ended:
		return http.ErrHandlerTimeout
	}
	return nil
}
