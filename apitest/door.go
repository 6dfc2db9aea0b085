package apitest

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/apiphant/apiphant"
)

// The bounds of bodies without one of their own, as package server has them by default.
const (
	maxBody   = 1 << 20 // of a JSON request
	maxUpload = 1 << 30 // of a raw request
)

// door lends a request of net/http to the pipeline. It is an [apiphant.Door].
type door struct {
	match    apiphant.Match
	request  *http.Request
	header   http.Header
	body     *requestBody
	response *response
}

func newDoor(match apiphant.Match, r *http.Request, cancel context.CancelCauseFunc) *door {
	d := &door{match: match, request: r, header: http.Header{}, body: newRequestBody(r), response: newResponse(r, cancel)}
	for name, values := range r.Header {
		name = http.CanonicalHeaderKey(name)
		if apiphant.IsForwarded(name) {
			continue // there is no proxy
		}
		d.header[name] = append(d.header[name], values...)
	}
	if length := d.body.declared; length > 0 || length == 0 && r.Body != nil {
		d.header.Set("Content-Length", strconv.FormatInt(length, 10))
	}
	return d
}

func (d *door) Method() string { return method(d.request) }

func method(r *http.Request) string {
	if r.Method == "" {
		return http.MethodGet
	}
	return r.Method
}

func (d *door) host() string {
	if d.request.Host != "" {
		return d.request.Host
	}
	return d.request.URL.Host
}

func (d *door) Header(name string) string {
	if strings.EqualFold(name, "Host") {
		return d.host()
	}
	return d.header.Get(name)
}

// RemoteAddr is that of a client on this machine.
func (d *door) RemoteAddr() netip.Addr { return netip.AddrFrom4([4]byte{127, 0, 0, 1}) }

// maxBody is the bound of the request's body.
func (d *door) maxBody() int64 {
	if d.match.Endpoint.RawRequest {
		return cmp.Or(d.match.Endpoint.MaxBody, maxUpload)
	}
	return cmp.Or(d.match.Endpoint.MaxBody, maxBody)
}

// serve gives the request to the pipeline. One that declares too much is never
// seen by its function, as it is with package server.
func (d *door) serve(ctx context.Context, api *apiphant.API) {
	if d.match.Endpoint != nil && !d.match.Refused() && d.body.declared > d.maxBody() {
		api.Refuse(ctx, d, &apiphant.Error{Status: http.StatusRequestEntityTooLarge})
		return
	}
	api.Serve(ctx, d.match, d)
}

func (d *door) Body() ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(d.body, d.maxBody()+1))
	switch {
	case err != nil:
		return nil, &apiphant.Error{Status: http.StatusBadRequest}
	case int64(len(body)) > d.maxBody():
		return nil, &apiphant.Error{Status: http.StatusRequestEntityTooLarge}
	}
	return body, nil
}

// Request returns the request as a server of net/http would get it.
func (d *door) Request(ctx context.Context) *http.Request {
	target := d.request.URL.RequestURI()
	address, err := url.ParseRequestURI(target)
	if err != nil {
		path, _, _ := strings.Cut(target, "?")
		address = &url.URL{Path: path}
	}
	d.body.body = http.MaxBytesReader(nil, io.NopCloser(d.body.body), d.maxBody())
	r := &http.Request{
		Method:        d.Method(),
		URL:           address,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        d.header.Clone(),
		Body:          d.body,
		ContentLength: d.body.declared,
		Host:          d.host(),
		RemoteAddr:    netip.AddrPortFrom(d.RemoteAddr(), 0).String(),
		RequestURI:    target,
	}
	if d.body.declared < 0 {
		r.TransferEncoding = []string{"chunked"}
	}
	return r.WithContext(ctx)
}

func (d *door) SetHeader(name, value string) { d.response.setHeader(name, value) }

func (d *door) AddHeader(name, value string) { d.response.addHeader(name, value) }

func (d *door) Answer(status int, body []byte) { d.response.replace(status, body) }

func (d *door) ResponseWriter() http.ResponseWriter { return d.response }

func (d *door) Started() bool { return d.response.hasStarted() }

func (d *door) Abort() { d.response.abort() }

// requestBody is the body of a request while its call runs. A shorter one than
// was declared ends in an error.
type requestBody struct {
	body     io.Reader
	declared int64 // -1: not declared
	read     int64
	closed   atomic.Bool
}

func newRequestBody(r *http.Request) *requestBody {
	switch {
	case r.Body == nil || r.Body == http.NoBody:
		return &requestBody{body: http.NoBody}
	case r.ContentLength == 0: // not known, as for a transport of net/http
		return &requestBody{body: r.Body, declared: -1}
	}
	return &requestBody{body: r.Body, declared: r.ContentLength}
}

func (b *requestBody) Read(p []byte) (int, error) {
	if b.closed.Load() {
		return 0, http.ErrBodyReadAfterClose
	}
	n, err := b.body.Read(p)
	b.read += int64(n)
	switch {
	case b.declared >= 0 && b.read > b.declared:
		return 0, errors.New("the body is longer than its Content-Length")
	case err == io.EOF && b.read < b.declared:
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// Close makes every later Read an error.
func (b *requestBody) Close() error {
	b.closed.Store(true)
	return nil
}
