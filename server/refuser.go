package server

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"time"
)

const unavailable = `{"error":"503 Service Unavailable"}`

// tooManyConnections answers a connection beyond the bounds.
const tooManyConnections = "HTTP/1.1 503 Service Unavailable\r\n" +
	"Content-Type: application/json\r\n" +
	"Retry-After: 1\r\n" +
	"Connection: close\r\n" +
	"Content-Length: 35\r\n\r\n" + unavailable

const (
	// maxRefusedRequest is how much is read of a request that gets no other
	// answer than that there are too many connections.
	maxRefusedRequest = 64 << 10

	// maxRefused is how many connections may be told at the same time that they
	// are too many; a further one is closed without a word.
	maxRefused = 1024

	// refuseAfter is how long is waited for a request before it is answered:
	// there are clients that take no answer before they asked.
	refuseAfter = 20 * time.Millisecond

	// refuseWithin is how long the client may take for a TLS handshake, and
	// then to read its answer: longer would keep others from theirs.
	refuseWithin = 100 * time.Millisecond
)

// refuser answers connections that are too many, each with a goroutine of its
// own that needs next to nothing, so that accepting goes on meanwhile.
type refuser struct{ places chan struct{} }

// newRefuser makes one that holds no more than a twentieth of the process's descriptors.
func newRefuser(descriptors int) refuser {
	return refuser{make(chan struct{}, max(1, min(maxRefused, descriptors/20)))}
}

func (r *refuser) refuse(c net.Conn) {
	select {
	case r.places <- struct{}{}:
		go func() {
			defer func() { <-r.places }()
			defer c.Close()
			answerTooMany(c)
		}()
	default:
		c.Close()
	}
}

func answerTooMany(c net.Conn) {
	if secured, ok := c.(*tls.Conn); ok {
		_ = c.SetDeadline(time.Now().Add(refuseWithin))
		if secured.Handshake() != nil {
			return
		}
	}
	_ = c.SetDeadline(time.Now().Add(refuseAfter))
	if _, err := c.Read(make([]byte, 1)); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return
	}
	_ = c.SetDeadline(time.Now().Add(refuseWithin))
	if _, err := io.WriteString(c, tooManyConnections); err != nil {
		return
	}
	if half, ok := c.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		_, _ = io.CopyN(io.Discard, c, maxRefusedRequest) // closed over unread bytes, the answer would be lost
	}
}
