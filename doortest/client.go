package doortest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// timeout is the longest that a test waits for anything.
const timeout = 30 * time.Second

// request is one request. The names in its header are sent as they are, and its
// target may be one that net/http's client would not send.
type request struct {
	method, target string
	header         http.Header
	body           []byte

	// stream, where it is not nil, is sent in place of body, as it can be read,
	// with length as its Content-Length. Where it ends earlier, no more is sent.
	stream io.Reader
	length int64
}

// repeats reports whether a header or a name of the query comes several times.
func (r request) repeats() bool {
	for _, values := range r.header {
		if len(values) > 1 {
			return true
		}
	}
	_, query, _ := strings.Cut(r.target, "?")
	seen := map[string]bool{}
	for pair := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if seen[name] {
			return true
		}
		seen[name] = true
	}
	return false
}

// client sends requests to a door. begin returns when the answer begins. Closing the
// answer's body and the end of ctx both mean that the client has gone away.
type client interface {
	begin(ctx context.Context, r request) (*http.Response, error)
}

// errCannotSend is about a request that could not be sent.
var errCannotSend = errors.New("the request can't be sent")

// ask sends a request and returns the whole answer. It is an error where that takes
// longer than timeout; an answer that is broken off is none.
func ask(ctx context.Context, c client, r request) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	response, err := c.begin(ctx, r)
	switch {
	case ctx.Err() != nil || errors.Is(err, errCannotSend):
		return answer{}, err
	case err != nil:
		return answer{broken: true}, nil
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if ctx.Err() != nil {
		return answer{}, fmt.Errorf("the answer did not end: %w", ctx.Err())
	}
	return answer{status: response.StatusCode, header: response.Header, body: body, broken: err != nil}, nil
}

// transportClient sends requests by an [http.RoundTripper].
type transportClient struct{ transport http.RoundTripper }

func (c *transportClient) begin(ctx context.Context, r request) (*http.Response, error) {
	body := r.stream
	if body == nil {
		body = bytes.NewReader(r.body)
	}
	sent, err := http.NewRequestWithContext(ctx, r.method, "http://localhost", body)
	if err != nil {
		return nil, err
	}
	if r.stream != nil {
		sent.ContentLength = r.length
	}
	if address, err := url.Parse("http://localhost" + r.target); err == nil && address.RequestURI() == r.target {
		sent.URL = address
	} else {
		path, query, _ := bytes.Cut([]byte(r.target), []byte("?"))
		sent.URL = &url.URL{Scheme: "http", Host: "localhost", Opaque: string(path), RawQuery: string(query)}
	}
	sent.Header = r.header.Clone()
	if sent.Header == nil {
		sent.Header = http.Header{}
	}
	if host := sent.Header.Get("Host"); host != "" {
		sent.Host = host
	}
	return c.transport.RoundTrip(sent)
}

// socketClient writes requests to a socket, byte for byte. It opens a connection for
// each request or, where keep is set, only where the one before was closed.
type socketClient struct {
	address, prefix string
	keep            bool
	conn            *connection // that can be used again; nil: none
}

func (c *socketClient) begin(ctx context.Context, r request) (*http.Response, error) {
	conn := c.conn
	c.conn = nil
	if conn == nil {
		dialed, err := (&net.Dialer{}).DialContext(ctx, "tcp", c.address)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errCannotSend, err)
		}
		conn = newConnection(dialed)
	}
	response, err := conn.exchange(ctx, c.prefix, r, !c.keep)
	if err != nil {
		conn.Close()
		return nil, err
	}
	response.Body = &endedBody{ReadCloser: response.Body, end: func(whole bool) {
		if !whole || response.Close || !c.keep || !conn.isSent() {
			conn.Close()
			return
		}
		c.conn = conn
	}}
	return response, nil
}

func (c *socketClient) end() {
	if c.conn != nil {
		c.conn.Close()
	}
}

// endedBody calls end once, when the body was read to its end or closed.
type endedBody struct {
	io.ReadCloser
	end  func(whole bool)
	over bool
}

func (b *endedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.finish(err == io.EOF)
	}
	return n, err
}

func (b *endedBody) Close() error {
	b.finish(false)
	return nil
}

func (b *endedBody) finish(whole bool) {
	if !b.over {
		b.over = true
		b.end(whole)
	}
}
