package server

import (
	"net"
	"net/netip"
	"sync/atomic"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server/internal/connection"
	"github.com/apiphant/apiphant/server/internal/http1"
)

// conn is one client's connection with the request that is being answered.
type conn struct {
	*connection.Conn
	server  *Server
	peer    netip.AddrPort // who has connected: the client, or a proxy
	trusted bool           // the peer is one of Server.TrustedProxies
	network netip.Prefix   // the network that the connection is counted for; invalid: none
	shard   int            // of the counters
	place   place          // in the list of silent connections

	lastHost string // the Host that was looked up last, if the API has Hosts

	head    http1.Head
	match   apiphant.Match // the endpoint that the head asks for
	body    http1.Body
	door    door
	json    jsonResponse
	single  singleRequest
	written fasthttpResponse
	running runningCall
	hijack  atomic.Pointer[hijack] // nil: the connection is not hijacked

	answerWhole func() connection.Verdict // a method value, made once for all requests
}

// serveAll serves the clients of a listener, each in a goroutine of its own,
// until the listener is closed.
func (s *Server) serveAll(l *connection.Listener) error {
	defer s.workers.end()
	defer s.rawWorkers.end()
	for {
		accepted, err := l.Accept()
		if err != nil {
			return err
		}
		switch c := s.open(accepted); {
		case c == nil:
		case c.CanPark():
			c.wait(c.noteFirst)
		default:
			s.workers.run(c.serve)
		}
	}
}

// open makes an accepted client one of the open connections. Where there are too
// many, it closes the oldest silent one for it; where none is silent, it answers
// the client with 503 and returns nil.
func (s *Server) open(accepted net.Conn) *conn {
	peer := addressOf(accepted.RemoteAddr())
	c := &conn{server: s, peer: peer, trusted: len(s.TrustedProxies) > 0 && s.trusts(peer.Addr())}
	if s.MaxConnectionsPerAddress > 0 && !c.trusted {
		c.network = clientNetwork(peer.Addr())
	}
	c.Conn = connection.New(accepted, &s.config)
	c.answerWhole = c.answerWholeCalls
	bound, ok := s.conns.add(c)
	if !ok && bound == boundOnConnections && s.closeSilent() {
		bound, ok = s.conns.add(c)
	}
	if !ok {
		s.shed.count(bound)
		s.refuser.refuse(c.Transport())
		return nil
	}
	return c
}

// serve answers the requests of a client, one after the other, until the
// connection ends or is parked. Whatever happens to its goroutine, the
// connection ends with it.
func (c *conn) serve() {
	returned := false
	defer func() {
		if !returned {
			c.lose(recover())
		}
	}()
	for again := true; again; {
		switch c.Receive(c.answerWhole) {
		case connection.Request:
			again = c.answerNext()
		case connection.Idle:
			c.park()
			returned = true
			return
		case connection.Ended:
			again = false
		}
	}
	if c.hijack.Load() != nil {
		c.releaseHijacked()
	} else {
		c.Close()
		c.forget()
	}
	returned = true
}

// park frees the goroutine and the memory of a connection on which nothing comes.
func (c *conn) park() {
	c.forget()
	c.wait(func() bool { return true })
}

// wait waits for a client to send something, in a goroutine with a small stack, and
// then serves it, unless isOpen reports false.
func (c *conn) wait(isOpen func() bool) {
	c.server.conns.parked.Add(1)
	go func() {
		more, returned := false, false
		defer func() {
			c.server.conns.parked.Add(-1)
			switch {
			case !returned:
				c.lose(recover())
			case !isOpen():
			case more:
				c.server.workers.run(c.serve)
			default:
				c.Close()
			}
		}()
		more = c.Parked()
		returned = true
	}()
}

// noteFirst takes a new client that has sent something, or has gone, out of the list of
// silent connections. It reports whether the connection is still open: it may have been
// closed to make place for another one.
func (c *conn) noteFirst() bool { return c.server.conns.speaks(c) }

// forget gives the memory back that the last request has used.
func (c *conn) forget() {
	c.head, c.match, c.body, c.door, c.json = http1.Head{}, apiphant.Match{}, http1.Body{}, door{}, jsonResponse{}
	c.single, c.written, c.lastHost = singleRequest{}, fasthttpResponse{}, ""
	c.Release()
}

// releaseHijacked gives the buffer of a hijacked connection back, unless the whole body
// is in it, which middleware may still look at.
func (c *conn) releaseHijacked() {
	if c.door.whole == nil {
		c.Release()
	}
}

// Close ends the connection, for good and once.
func (c *conn) Close() error {
	if !c.server.conns.remove(c) {
		return net.ErrClosed
	}
	return c.Conn.Close()
}

// lose ends a connection whose goroutine ended before its time: by a panic, or by
// runtime.Goexit in a function of the product.
func (c *conn) lose(value any) {
	if value != nil {
		connection.LogPanic(c.server.log, "a connection", value)
	}
	if c.hijack.Load() == nil {
		c.door.lose()
		c.door.releaseAnswer()
		c.Close()
	}
}
