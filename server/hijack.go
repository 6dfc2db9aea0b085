package server

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/internal/response"
)

// hijack is a connection that a function has taken over: see [http.Hijacker]. It is one
// of the open connections, and its request has not ended, until it is closed and the
// function has returned.
type hijack struct {
	conn *conn

	received, sent atomic.Int64 // bytes
	closed         atomic.Bool
	left           atomic.Int32 // how many of the two have not happened yet
}

// Hijack is part of [response.Hijacker]. The goroutine that serves the connection is
// freed for another one.
func (o rawOutput) Hijack(head *response.Head) (net.Conn, *bufio.ReadWriter, error) {
	d := o.door
	if d.rawBody != nil && !d.rawBody.tryClose() {
		return nil, nil, errors.New("the body of the request is being read")
	}
	if head != nil {
		if err := o.sendHead(*head); err != nil {
			return nil, nil, err
		}
	}
	transport, unread, err := d.conn.HandOver()
	if err != nil {
		d.abandon()
		return nil, nil, err
	}
	h := &hijack{conn: d.conn}
	h.left.Store(2)
	d.becomeHijacked(h)
	conn, both := h.open(transport, unread)
	o.cancelOnDrain()
	close(o.done)
	return conn, both, nil
}

// sendHead sends the head that the function wrote, with the status 101.
func (o rawOutput) sendHead(head response.Head) error {
	o.copyHead(head)
	o.door.conn.SetClock(time.Now())
	_, err := o.door.conn.Write(o.door.ctx.Response.Header.AppendBytes(nil))
	if err != nil {
		o.door.abandon() // part of the head may have been sent
		o.cancel(apiphant.ErrClientGone)
	}
	return err
}

// becomeHijacked separates the request from what fasthttp and the connection have of
// it, since both are freed.
func (d *door) becomeHijacked(h *hijack) {
	c := d.conn
	c.single.closed = true
	c.head = c.head.Clone()
	d.response = &hijackedResponse{id: bytes.Clone(d.response.field(requestIDHeader))}
	d.ctx = nil
	c.running.mu.Lock()
	c.running.endpoint = nil // the call may take as long as the connection is open
	c.running.mu.Unlock()
	d.server.hijacked.Add(1)
	c.hijack.Store(h)
}

// open returns what the function gets. unread is what has come behind the request.
func (h *hijack) open(transport net.Conn, unread []byte) (net.Conn, *bufio.ReadWriter) {
	conn := &hijackedConn{Conn: transport, hijack: h}
	// A function that forgets to close the connection leaks nothing, as with net/http.
	runtime.AddCleanup(conn, func(h *hijack) { go h.close() }, h)
	reader := bufio.NewReader(conn)
	if size := len(unread); size > 0 {
		h.received.Store(int64(size))
		reader = bufio.NewReaderSize(io.MultiReader(bytes.NewReader(unread), conn), max(size, reader.Size()))
		_, _ = reader.Peek(size) // so that all of it is in reader.Buffered, which some ask for
	}
	return conn, bufio.NewReadWriter(reader, bufio.NewWriter(conn))
}

// close closes the connection, once.
func (h *hijack) close() error {
	if h.closed.Swap(true) {
		return net.ErrClosed
	}
	err := h.conn.Transport().Close()
	h.happened()
	return err
}

// cut closes the connection at the end of a drain.
func (h *hijack) cut() {
	h.conn.Cut()
	if !h.closed.Swap(true) {
		h.happened()
	}
}

// happened is called when the connection was closed, and when the function has returned.
func (h *hijack) happened() {
	if h.left.Add(-1) == 0 {
		s := h.conn.server
		s.hijacked.Add(-1)
		h.conn.door.end()
		s.conns.remove(h.conn)
	}
}

// returned ends what the request takes, once its function has returned.
func (h *hijack) returned() {
	d := &h.conn.door
	d.raw.end()
	d.release()
	h.happened()
}

// hijackedConn is the connection as its function has it. Its time-outs are the
// function's to set.
type hijackedConn struct {
	net.Conn
	hijack *hijack
}

func (c *hijackedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.hijack.received.Add(int64(n))
	return n, err
}

func (c *hijackedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.hijack.sent.Add(int64(n))
	return n, err
}

func (c *hijackedConn) Close() error { return c.hijack.close() }

// CloseWrite tells the client that nothing more is sent, as that of [net.TCPConn] does.
func (c *hijackedConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// hijackedResponse is the response to a request whose connection is hijacked: nothing
// is sent any more.
type hijackedResponse struct{ id []byte }

func (*hijackedResponse) setField(string, string) {}
func (*hijackedResponse) addField(string, string) {}
func (*hijackedResponse) set(int, []byte)         {}
func (*hijackedResponse) status() int             { return http.StatusSwitchingProtocols }
func (*hijackedResponse) closeAfter()             {}
func (*hijackedResponse) abandon()                {}

func (r *hijackedResponse) field(name string) []byte {
	if name == requestIDHeader {
		return r.id
	}
	return nil
}
