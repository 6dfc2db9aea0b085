package server

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"sync"

	"github.com/apiphant/apiphant"
)

// httpRequest returns a copy of the request in net/http's form. Its body is read
// while the function runs.
func (d *door) httpRequest(ctx context.Context) *http.Request {
	h := &d.ctx.Request.Header
	header := make(http.Header, h.Len())
	for name, value := range h.AllInOrder() {
		if name := string(name); d.conn.trusted || !apiphant.IsForwarded(name) {
			header.Add(name, string(value))
		}
	}
	header.Del("Host")
	header.Del("Transfer-Encoding")
	d.rawBody = &rawBody{body: d.openBody(d.server.bodyLimit(d.endpoint))}
	target := string(h.RequestURI())
	address, err := url.ParseRequestURI(target)
	if err != nil { // which no target of a route is
		address = &url.URL{Path: string(d.path())}
	}
	r := &http.Request{
		Method:        d.Method(),
		URL:           address,
		Proto:         string(h.Protocol()),
		Header:        header,
		Body:          d.rawBody,
		ContentLength: d.body.declared,
		Host:          d.host(),
		RemoteAddr:    d.remoteAddr(),
		TLS:           d.conn.TLSState(),
		RequestURI:    target,
	}
	r.ProtoMajor, r.ProtoMinor, _ = http.ParseHTTPVersion(r.Proto)
	if address.Host != "" && r.Host == string(h.Host()) { // no proxy named another
		r.Host = address.Host
	}
	if d.body.declared < 0 {
		r.TransferEncoding = []string{"chunked"}
	}
	if d.body.declared == 0 {
		r.Body = http.NoBody
	}
	return r.WithContext(ctx)
}

// rawBody is a requestBody that a function may keep after the call. Its reads fail
// from then on.
type rawBody struct {
	mu     sync.Mutex
	body   *requestBody
	closed bool
}

func (b *rawBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return 0, http.ErrBodyReadAfterClose
	}
	return b.body.Read(p)
}

// Close lets every later Read fail.
func (b *rawBody) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	return nil
}

// tryClose is Close, unless another goroutine reads the body: then it reports false.
func (b *rawBody) tryClose() bool {
	if !b.mu.TryLock() {
		return false
	}
	defer b.mu.Unlock()
	b.closed = true
	return true
}

// isRead reports whether the body was read to its end.
func (b *rawBody) isRead() bool {
	if !b.mu.TryLock() {
		return false // it is being read
	}
	defer b.mu.Unlock()
	return b.body.err == io.EOF
}
