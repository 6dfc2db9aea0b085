package connection

import "time"

// Timeouts are how long a connection waits for its client to send or to receive.
type Timeouts struct {
	Header time.Duration // for a whole head, from its first byte; with TLS for the handshake and the first head together
	Idle   time.Duration // for the first byte of the next request, or of a new connection
	Park   time.Duration // of Idle, until the connection is parked; see Conn.Parked
	Write  time.Duration // for the client to accept the next writeChunk of a response

	First time.Duration // for the first byte of a new connection, when the server drains
	Last  time.Duration // for a request that an idle client may just have sent, when the server drains

	Linger    time.Duration // for the next lingerChunk of an unread body, before the connection is closed
	LingerAll time.Duration // for all of that body
}

// DefaultTimeouts are all Timeouts but Header and Idle, which are settings.
var DefaultTimeouts = Timeouts{
	Park:      250 * time.Millisecond,
	Write:     30 * time.Second,
	First:     500 * time.Millisecond,
	Last:      time.Millisecond,
	Linger:    500 * time.Millisecond,
	LingerAll: 5 * time.Second,
}

// In bytes: see Timeouts.
const (
	writeChunk  = 64 << 10
	lingerChunk = 64 << 10
)
