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
	"time"
)

// timeout is how long an answer may take, and all that a test waits for.
const timeout = 30 * time.Second

// request is what a door is asked. Its header has the names as they are to be
// sent, and its target may be one that no client of net/http would send.
type request struct {
	method, target string
	header         http.Header
	body           []byte

	// A body that is sent in parts, in place of the other; nil: none. It may
	// end before length, then the connection is closed for writing.
	stream io.Reader
	length int64 // -1: not declared
}

// client is a way to a door. begin returns when the answer begins; closing its
// body, and the end of ctx, is the client's going away.
type client interface {
	begin(ctx context.Context, r request) (*http.Response, error)
}

// errCannotSend is about a request that a client has no way to send.
var errCannotSend = errors.New("this request can't be sent in this way")

// ask sends a request and returns the whole answer. The error is about a door
// that does not answer in time.
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

// transportClient asks by a transport.
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

// socketClient sends bytes as they stand, over a connection for each request, or
// over one for as many as the door lets it.
type socketClient struct {
	address, prefix string
	keep            bool
	conn            *connection // that was kept
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
