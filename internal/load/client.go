package load

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

var (
	errRefused = errors.New("refused")
	errLost    = errors.New("lost")
	errOther   = errors.New("other")
)

// client is one client of a load.
type client struct {
	running *Running
	conn    net.Conn // nil if there is none
	in      *bufio.Reader
	sent    int // the number of requests on conn
}

// afterRefusal is how long a client waits after it could not connect.
const afterRefusal = 10 * time.Millisecond

func (c *client) run() {
	defer c.hangUp()
	for c.running.pause() {
		began := time.Now()
		err := c.ask()
		c.running.count(time.Since(began), err)
		if err != nil {
			c.hangUp()
		}
		if errors.Is(err, errRefused) && !c.running.sleep(afterRefusal) {
			return
		}
	}
}

// ask sends a request and reads its answer. A server may close an idle connection
// before the next request is sent (RFC 9112, 9.3.1); once something was sent, the
// client can't know whether the server acted on it.
func (c *client) ask() error {
	if c.conn != nil && isClosed(c.conn) {
		c.running.countClosed()
		c.hangUp()
	}
	load := c.running.load
	if c.conn == nil {
		conn, err := net.DialTimeout("tcp", load.Address, load.Timeout)
		if err != nil {
			return fmt.Errorf("%w: %w", errRefused, err)
		}
		c.conn, c.in, c.sent = conn, bufio.NewReader(conn), 0
	}
	_ = c.conn.SetDeadline(time.Now().Add(load.Timeout))
	c.sent++
	if _, err := io.WriteString(c.conn, load.Request); err != nil {
		return c.lost("sending", err)
	}
	answer, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return c.lost("waiting for the answer", err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return c.lost("reading the answer", err)
	}
	if answer.Close || c.sent == load.PerConnection {
		c.hangUp()
	}
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return fmt.Errorf("%w: %s %.200s", errOther, answer.Status, body)
	}
	return nil
}

func (c *client) lost(doing string, err error) error {
	return fmt.Errorf("%w: %s, request %d of its connection: %w", errLost, doing, c.sent, err)
}

func (c *client) hangUp() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}
