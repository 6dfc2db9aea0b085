package server

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

const unavailable = `{"error":"503 Service Unavailable"}`

// tooManyConnections is the response to a connection beyond the bounds.
const tooManyConnections = "HTTP/1.1 503 Service Unavailable\r\n" +
	"Content-Type: application/json\r\n" +
	"Retry-After: 1\r\n" +
	"Connection: close\r\n" +
	"Content-Length: 35\r\n\r\n" + unavailable

const (
	// maxRefusedRequest is how much is read of a request that gets no other
	// answer than that there are too many connections.
	maxRefusedRequest = 64 << 10

	// maxRefusedHead is how much is looked at to find out whether all of it came.
	maxRefusedHead = 4 << 10

	// maxRefused is how many connections beyond the bounds may be answered at the
	// same time, see descriptors; a further one is closed without a response.
	maxRefused = 1024

	// refuseAfter is how long a refused client has to send its request, since some
	// clients accept no response before they have sent one.
	refuseAfter = 20 * time.Millisecond

	// refuseWithin is how long the client may take for a TLS handshake, and then
	// to read the response. With a longer time, other clients would
	// wait longer for their answer.
	refuseWithin = 100 * time.Millisecond
)

// refuser answers connections beyond the bounds, each in a small goroutine of its
// own, so that others are accepted meanwhile.
type refuser struct{ places chan struct{} }

// newRefuser returns a refuser that has at most so many connections open.
func newRefuser(most int) refuser { return refuser{make(chan struct{}, most)} }

// refuse answers a new client.
func (r *refuser) refuse(c net.Conn) { r.answer(c, false) }

// refuseSilent ends a connection on which nothing has come. It is answered only if a
// request comes just then.
func (r *refuser) refuseSilent(c net.Conn) { r.answer(c, true) }

func (r *refuser) answer(c net.Conn, onlyRequest bool) {
	select {
	case r.places <- struct{}{}:
		go func() {
			defer func() { <-r.places }()
			defer c.Close()
			answerTooMany(c, onlyRequest)
		}()
	default:
		c.Close()
	}
}

func answerTooMany(c net.Conn, onlyRequest bool) {
	if secured, ok := c.(*tls.Conn); ok {
		_ = c.SetDeadline(time.Now().Add(refuseWithin))
		if secured.Handshake() != nil {
			return
		}
	}
	_ = c.SetDeadline(time.Now().Add(refuseAfter))
	request := make([]byte, maxRefusedHead)
	n, err := c.Read(request)
	if err != nil && (onlyRequest || !errors.Is(err, os.ErrDeadlineExceeded)) {
		return
	}
	_ = c.SetDeadline(time.Now().Add(refuseWithin))
	if _, err := io.WriteString(c, tooManyConnections); err != nil {
		return
	}
	if half, ok := c.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil && !isWhole(request[:n]) {
		_, _ = io.CopyN(io.Discard, c, maxRefusedRequest) // otherwise a close with unread bytes would lose the response
	}
}

// isWhole reports whether these are all bytes of a request: then nothing is to be waited
// for, and the place is free for the next client, whether or not this one closes its
// connection.
func isWhole(came []byte) bool {
	rest := bufio.NewReader(bytes.NewReader(came))
	request, err := http.ReadRequest(rest)
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, request.Body)
	return err == nil && rest.Buffered() == 0
}
