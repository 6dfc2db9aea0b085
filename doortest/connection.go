package doortest

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// connection is one connection to a door.
type connection struct {
	net.Conn
	reader *bufio.Reader
	sent   chan error // of the last request
}

func newConnection(c net.Conn) *connection {
	return &connection{Conn: c, reader: bufio.NewReader(c)}
}

// exchange sends a request and returns the answer when it begins, which may be
// before the request was sent to its end.
func (c *connection) exchange(ctx context.Context, prefix string, r request, closes bool) (*http.Response, error) {
	stop := context.AfterFunc(ctx, func() { c.Close() })
	c.sent = make(chan error, 1)
	go func() { c.sent <- c.send(prefix, r, closes) }()
	response, err := http.ReadResponse(c.reader, &http.Request{Method: r.method})
	if err != nil {
		stop()
		return nil, err
	}
	body := response.Body
	response.Body = &endedBody{ReadCloser: body, end: func(bool) { stop() }}
	return response, nil
}

func (c *connection) send(prefix string, r request, closes bool) error {
	var head bytes.Buffer
	fmt.Fprintf(&head, "%s %s%s HTTP/1.1\r\n", r.method, prefix, r.target)
	if len(r.header["Host"]) == 0 {
		fmt.Fprint(&head, "Host: localhost\r\n")
	}
	for name, values := range r.header {
		for _, value := range values {
			fmt.Fprintf(&head, "%s: %s\r\n", name, value)
		}
	}
	if closes {
		fmt.Fprint(&head, "Connection: close\r\n")
	}
	if r.stream == nil {
		if len(r.body) > 0 || r.method == http.MethodPost {
			fmt.Fprintf(&head, "Content-Length: %d\r\n", len(r.body))
		}
		fmt.Fprint(&head, "\r\n")
		head.Write(r.body)
		_, err := c.Write(head.Bytes())
		return err
	}
	fmt.Fprintf(&head, "Content-Length: %d\r\n\r\n", r.length)
	if _, err := c.Write(head.Bytes()); err != nil {
		return err
	}
	n, err := io.Copy(c, r.stream)
	if half, ok := c.Conn.(*net.TCPConn); ok && err == nil && n < r.length {
		err = cmp.Or(half.CloseWrite(), io.ErrUnexpectedEOF)
	}
	return err
}

// isSent reports whether the last request was sent to its end.
func (c *connection) isSent() bool {
	select {
	case err := <-c.sent:
		return err == nil
	case <-time.After(timeout):
		return false
	}
}
