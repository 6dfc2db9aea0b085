package apitest

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// received returns a client's request as a server has it that reads it from a
// connection: with a context of the server's, and all that the target says.
func received(ctx context.Context, sent *http.Request) *http.Request {
	target := sent.URL.RequestURI()
	address, err := url.ParseRequestURI(target)
	if err != nil { // a server that is stricter would refuse it
		path, query, _ := strings.Cut(target, "?")
		address = &url.URL{Path: path, RawPath: path, RawQuery: query}
	}
	r := &http.Request{
		Method:        cmp.Or(sent.Method, http.MethodGet),
		URL:           address,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        http.Header{},
		Body:          sent.Body,
		ContentLength: sent.ContentLength,
		Host:          cmp.Or(sent.Host, sent.URL.Host),
		RemoteAddr:    "127.0.0.1:0", // a client on this machine
		RequestURI:    target,
	}
	for name, values := range sent.Header {
		name = http.CanonicalHeaderKey(name)
		r.Header[name] = append(r.Header[name], values...)
	}
	r.Header.Del("Host")
	switch {
	case sent.Body == nil || sent.Body == http.NoBody:
		r.Body, r.ContentLength = http.NoBody, 0
		if sent.Body != nil {
			r.Header.Set("Content-Length", "0")
		}
	case sent.ContentLength == 0: // not known, as for a transport of net/http
		r.ContentLength, r.TransferEncoding = -1, []string{"chunked"}
	default:
		r.Header.Set("Content-Length", strconv.FormatInt(sent.ContentLength, 10))
	}
	return r.WithContext(ctx)
}
