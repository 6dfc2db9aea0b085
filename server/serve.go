package server

import (
	"net"
	"net/http"
	"net/netip"
	"time"

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
	network netip.Prefix   // for which the connection is counted; invalid: it is for none
	shard   int            // of the counters

	head    http1.Head
	match   apiphant.Match // what the head asks for
	body    http1.Body
	door    door
	json    jsonResponse
	single  singleRequest
	written fasthttpResponse
	running runningCall

	answerWhole func() connection.Verdict // made once
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
		if c := s.open(accepted); c != nil {
			s.workers.run(c.serve)
		}
	}
}

// open makes an accepted client one of the open connections. Where there are too
// many, it answers the client with 503 and returns nil.
func (s *Server) open(accepted net.Conn) *conn {
	peer := addressOf(accepted.RemoteAddr())
	c := &conn{server: s, peer: peer, trusted: len(s.TrustedProxies) > 0 && s.trusts(peer.Addr())}
	if s.MaxConnectionsPerAddress > 0 && !c.trusted {
		c.network = clientNetwork(peer.Addr())
	}
	c.Conn = connection.New(accepted, &s.config)
	c.answerWhole = c.answerWholeCalls
	if bound, ok := s.conns.add(c); !ok {
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
	c.Close()
	c.forget()
	returned = true
}

// answerWholeCalls answers the JSON calls that came whole. It is called while
// the connection waits for requests: see [connection.Conn.Receive].
func (c *conn) answerWholeCalls() connection.Verdict {
	for {
		began, err := c.parseHead()
		switch {
		case !began:
			return connection.Wait
		case err != nil || c.head.Size == 0 || !c.isJSON() || !c.isWhole():
			return connection.Leave
		case !c.answerJSON():
			return connection.Close
		}
	}
}

// answerNext reads a request on that began to come, answers it, and reports
// whether the connection can have another one.
func (c *conn) answerNext() (again bool) {
	if err := c.readHead(); err != nil {
		c.answerUnreadable(err)
		return false
	}
	if c.isJSON() {
		return c.answerJSON()
	}
	return c.answerByFasthttp()
}

// readHead reads the head of a request that began to come.
func (c *conn) readHead() error {
	if c.head.Size > 0 {
		return nil // it came whole
	}
	c.AwaitHead(time.Now())
	for {
		if _, err := c.parseHead(); err != nil || c.head.Size > 0 {
			return err
		}
		if err := c.Fill(); err != nil {
			return err
		}
	}
}

// parseHead parses the head of the next request, as far as it came, and reports
// whether a request began. The head is whole where head.Size is not 0.
func (c *conn) parseHead() (began bool, err error) {
	c.Discard(http1.EmptyLines(c.Buffered()))
	b := c.Buffered()
	if len(b) == 0 || string(b) == "\r" { // which may become an empty line
		return false, nil
	}
	most := c.server.config.MaxHead
	size, err := c.head.Parse(b[:min(len(b), most)])
	switch {
	case size > 0:
		c.match = c.server.API.Find(c.head.Method, c.head.Target)
	case err == nil && len(b) >= most:
		err = http1.ErrHeadTooLarge
	}
	return true, err
}

// isJSON reports whether the request is answered here, with a JSON body or none,
// and by fasthttp otherwise.
func (c *conn) isJSON() bool {
	h, e := &c.head, c.match.Endpoint
	return !h.Special && !h.HTTP10 && string(h.Method) != http.MethodHead && (e == nil || !e.RawRequest && !e.RawResponse)
}

// isWhole reports whether a request whose head came has come with all of its body.
func (c *conn) isWhole() bool {
	return !c.head.Chunked && int64(len(c.Buffered())-c.head.Size) >= c.head.Length
}

// park frees the goroutine and the memory of a connection on which nothing comes.
func (c *conn) park() {
	c.forget()
	c.server.conns.parked.Add(1)
	go func() {
		more := c.Parked()
		c.server.conns.parked.Add(-1)
		if more {
			c.serve()
		} else {
			c.Close()
		}
	}()
}

// forget gives the memory back that the last request has used.
func (c *conn) forget() {
	c.head, c.match, c.body, c.door, c.json = http1.Head{}, apiphant.Match{}, http1.Body{}, door{}, jsonResponse{}
	c.single, c.written = singleRequest{}, fasthttpResponse{}
	c.Release()
}

// Close ends the connection, for good and once.
func (c *conn) Close() error {
	if !c.server.conns.remove(c) {
		return net.ErrClosed
	}
	return c.Conn.Close()
}

// lose ends a connection whose goroutine ended in the middle of it: by a panic
// with a value, or by runtime.Goexit in a function.
func (c *conn) lose(value any) {
	if value != nil {
		connection.LogPanic(c.server.log, "a connection", value)
	}
	c.door.lose()
	c.Close()
}

// answerUnreadable answers a request whose head is invalid or did not come whole.
func (c *conn) answerUnreadable(err error) {
	c.head, c.match = http1.Head{}, apiphant.Match{}
	d := c.openDoor(&c.json)
	c.json = jsonResponse{conn: c, start: d.start}
	c.server.API.Refuse(c.server.base, d, readError(err))
	d.endUnread()
	c.json.send()
}
