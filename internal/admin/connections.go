package admin

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// maxConnections is how many connections there may be at a time. Package server keeps
// descriptors for them (ownDescriptors).
const maxConnections = 8

// connections bounds the connections of an [http.Server], whose ConnState it is told. For
// a new one beyond the bound, the one that has waited longest for a request is closed; if
// requests run on all of them, the new one.
type connections struct {
	mu      sync.Mutex
	waiting map[net.Conn]time.Time // since when no request runs; zero: one does
}

// changed is [http.Server.ConnState].
func (c *connections) changed(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateNew:
		if len(c.waiting) >= maxConnections && !c.closeOldest() {
			_ = conn.Close()
			return
		}
		c.set(conn, time.Now())
	case http.StateIdle:
		c.set(conn, time.Now())
	case http.StateActive:
		c.set(conn, time.Time{})
	case http.StateClosed, http.StateHijacked:
		delete(c.waiting, conn)
	}
}

func (c *connections) set(conn net.Conn, since time.Time) {
	if c.waiting == nil {
		c.waiting = map[net.Conn]time.Time{}
	}
	c.waiting[conn] = since
}

// closeOldest closes the connection that has waited longest, and reports whether there is
// one.
func (c *connections) closeOldest() bool {
	var oldest net.Conn
	for conn, since := range c.waiting {
		if !since.IsZero() && (oldest == nil || since.Before(c.waiting[oldest])) {
			oldest = conn
		}
	}
	if oldest == nil {
		return false
	}
	delete(c.waiting, oldest)
	_ = oldest.Close()
	return true
}
