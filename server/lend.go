package server

// fasthttp reads the first byte of a body before it calls the handler, also for a
// request that is refused whatever its body is. A client that waits for an answer
// before it sends the body would wait in vain. So, where the body is still to
// come, fasthttp is lent a byte, which is not looked at until the body is read.

// lends tells whether what fasthttp reads next is the first byte of a body that
// is not there.
func (c *conn) lends() bool {
	return c.guard.unsent && c.guard.in == partBody && !c.lent
}

func (c *conn) lend(p []byte) int {
	c.lent = true
	p[0] = 0
	return 1
}

// repay puts the first byte of the body in place of the one that was lent, which
// fasthttp has returned in p, with err.
func (c *conn) repay(p []byte, err error) (int, error) {
	if n, failure := c.Read(p[:1]); n == 0 {
		return 0, failure
	}
	c.lent = false
	return len(p), err
}
