package server

// silent is the list of the connections on which nothing has come yet, the oldest
// first. Clients and proxies open connections early, so they may wait for as long as
// idle ones. They cost whoever opens them nothing, so they are also the first to go.
type silent struct{ oldest, newest *conn }

// place is where a connection is in the list.
type place struct {
	listed       bool
	older, newer *conn
}

func (l *silent) add(c *conn) {
	c.place = place{listed: true, older: l.newest}
	if l.newest == nil {
		l.oldest = c
	} else {
		l.newest.place.newer = c
	}
	l.newest = c
}

// remove does nothing where the connection is not in the list.
func (l *silent) remove(c *conn) {
	if !c.place.listed {
		return
	}
	older, newer := c.place.older, c.place.newer
	if older == nil {
		l.oldest = newer
	} else {
		older.place.newer = newer
	}
	if newer == nil {
		l.newest = older
	} else {
		newer.place.older = older
	}
	c.place = place{}
}

// speaks notes that something has come on a connection, and reports whether it is
// still open.
func (s *connections) speaks(c *conn) (isOpen bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silent.remove(c)
	_, isOpen = s.open[c]
	return isOpen
}

// takeSilent removes the oldest silent connection; nil: there is none.
func (s *connections) takeSilent() *conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.silent.oldest
	if c != nil {
		s.removeLocked(c)
	}
	return c
}

// closeSilent closes the oldest silent connection, and reports whether there was one.
// No function runs for a request that comes just then: it is answered with 503.
func (s *Server) closeSilent() bool {
	c := s.conns.takeSilent()
	if c == nil {
		return false
	}
	s.shed.count(boundOnConnections)
	s.refuser.refuseSilent(c.Transport())
	return true
}
