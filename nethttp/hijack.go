package nethttp

import (
	"bufio"
	"errors"
	"net"
	"net/http"

	"github.com/apiphant/apiphant/internal/response"
)

// Hijack is part of [response.Hijacker]. The connection is that of the server around
// this door, which has one to hand over by HTTP/1 and none by HTTP/2.
func (o output) Hijack(head *response.Head) (net.Conn, *bufio.ReadWriter, error) {
	if !canHijack(o.writer) {
		return nil, nil, response.ErrCannotHijack
	}
	if o.body != nil && !o.body.tryClose() {
		return nil, nil, errors.New("the body of the request is being read")
	}
	if head != nil { // which can't be taken back if Hijack fails, so canHijack has been asked
		response.Merge(o.writer.Header(), head.Header)
		o.writer.WriteHeader(head.Status)
	}
	conn, both, err := http.NewResponseController(o.writer).Hijack()
	o.hijacked = conn
	return conn, both, err
}

// canHijack reports whether a writer, or one that it wraps, is an [http.Hijacker].
func canHijack(w http.ResponseWriter) bool {
	for {
		switch t := w.(type) {
		case http.Hijacker:
			return true
		case interface{ Unwrap() http.ResponseWriter }:
			w = t.Unwrap()
		default:
			return false
		}
	}
}
