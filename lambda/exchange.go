package lambda

import (
	"bytes"
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/internal/requesturi"
	"github.com/apiphant/apiphant/internal/response"
)

// exchange is one request of a gateway, and its answer. It is an [apiphant.Door].
type exchange struct {
	*request
	match apiphant.Match
	limit int64 // of the body, in bytes

	answer  answer
	raw     *response.Writer // of a function that writes the answer itself; else nil
	reader  *bytes.Reader    // of the body, while a function reads it
	aborted bool             // there is no whole answer
	stream  *Stream          // to which a function writes its answer; nil: it is collected

	began   time.Time
	rows    int64
	hasRows bool   // the answer is a sequence, of rows
	user    string // who is calling; "": nobody has found out
	reason  string // why the request was refused, where the client is not told
}

func newExchange(r *request, match apiphant.Match, limit int64) *exchange {
	x := &exchange{request: r, match: match, limit: limit, answer: answer{header: make(http.Header, 4)}, began: time.Now()}
	if match.Endpoint != nil && match.Endpoint.Streams && !match.Refused() {
		x.raw = response.NewWriter(output{x}, r.method)
	}
	return x
}

func (x *exchange) Method() string { return x.method }

// Header leaves out what only a trusted proxy may say, but for the protocol: the gateway
// sets that itself.
func (x *exchange) Header(name string) string {
	switch {
	case name == "Host":
		return x.host
	case name == "X-Forwarded-Proto":
		return x.proto()
	case apiphant.IsForwarded(name):
		return ""
	}
	if values := x.header[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// proto returns "https" where the client is known to have asked the gateway by that.
func (x *exchange) proto() string {
	if values := x.header["X-Forwarded-Proto"]; len(values) > 0 {
		last := values[len(values)-1]
		if strings.EqualFold(strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:]), "https") {
			return "https"
		}
	}
	return ""
}

func (x *exchange) RemoteAddr() netip.Addr { return x.source }

func (x *exchange) Body() ([]byte, error) {
	switch {
	case x.broken != nil:
		return nil, &apiphant.Error{Status: http.StatusBadRequest, Err: x.broken}
	case int64(len(x.body)) > x.limit:
		return nil, &apiphant.Error{Status: http.StatusRequestEntityTooLarge}
	}
	return x.body, nil
}

// Began is part of [apiphant.Timed].
func (x *exchange) Began() time.Time { return x.began }

// CountRows is part of [apiphant.RowCounter].
func (x *exchange) CountRows(rows int64) { x.rows, x.hasRows = rows, true }

// TakeUser is part of [apiphant.UserTaker].
func (x *exchange) TakeUser(name string) { x.user = name }

// TakeReason is part of [apiphant.ReasonTaker].
func (x *exchange) TakeReason(reason string) { x.reason = reason }

// BodyLimit is part of [apiphant.BodyBounder].
func (x *exchange) BodyLimit() int64 { return x.limit }

// Request makes a request as a server would have read it.
func (x *exchange) Request(ctx context.Context) *http.Request {
	r := &http.Request{
		Method: x.method, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		URL: requestURL(x.target), RequestURI: x.target, Host: x.host,
		Header: make(http.Header, len(x.header)), ContentLength: int64(len(x.body)), Body: http.NoBody,
	}
	if x.source.IsValid() {
		r.RemoteAddr = netip.AddrPortFrom(x.source, 0).String()
	}
	for name, values := range x.header {
		if name != "Host" && name != "Content-Length" && name != "Transfer-Encoding" && !apiphant.IsForwarded(name) {
			r.Header[name] = values[:len(values):len(values)]
		}
	}
	if len(x.body) > 0 || x.broken != nil {
		x.reader = bytes.NewReader(x.body)
		r.Body = http.MaxBytesReader(nil, body{x}, x.limit)
	}
	return r.WithContext(ctx)
}

// body is the body of a request that a function reads itself.
type body struct{ *exchange }

func (b body) Read(p []byte) (int, error) {
	if b.broken != nil {
		return 0, b.broken
	}
	return b.reader.Read(p)
}

func (b body) Close() error { return nil }

// requestURL parses a target, which may be none that net/url takes.
func requestURL(target string) *url.URL {
	if address, err := url.ParseRequestURI(target); err == nil {
		return address
	}
	path, query := requesturi.Split([]byte(target))
	return &url.URL{Path: string(path), RawQuery: string(query)}
}

func (x *exchange) SetHeader(name, value string) {
	x.beforeStart(func() { x.answer.header.Set(name, response.CleanValue(value)) })
}

func (x *exchange) AddHeader(name, value string) {
	x.beforeStart(func() { x.answer.header.Add(name, response.CleanValue(value)) })
}

func (x *exchange) beforeStart(change func()) {
	if x.raw != nil {
		x.raw.BeforeStart(change)
		return
	}
	change()
}

func (x *exchange) ResponseWriter() http.ResponseWriter { return x.raw }

func (x *exchange) Started() bool { return x.raw != nil && x.raw.Started() }

func (x *exchange) Answer(status int, body []byte) {
	if x.raw != nil && !x.raw.Replace() {
		x.Abort()
		return
	}
	if body != nil {
		x.answer.header["Content-Type"] = applicationJSON
	} else {
		delete(x.answer.header, "Content-Type")
	}
	x.answer.status = status
	switch {
	case !response.HasBody(status):
	case x.method == http.MethodHead:
		x.answer.setLength(int64(len(body)))
	default:
		x.answer.body = append(x.answer.body, body...)
	}
}

var applicationJSON = []string{"application/json"}

func (x *exchange) Abort() {
	x.aborted = true
	if x.raw != nil {
		x.raw.Abort()
	}
}

// finish ends the answer as it stands.
func (x *exchange) finish() {
	if x.raw != nil && x.raw.Finish() != nil {
		x.aborted = true
	}
	if x.reader != nil {
		x.reader.Reset(nil)
	}
}

// output collects the answer of a function that writes it itself.
type output struct{ *exchange }

func (o output) HasContentType() bool { return o.answer.header.Get("Content-Type") != "" }

func (o output) Send(head response.Head, body []byte) {
	o.begin(head)
	if o.method == http.MethodHead && response.HasBody(head.Status) && head.Length >= 0 {
		o.answer.setLength(head.Length)
	}
	o.answer.body = append(o.answer.body, body...)
}

func (o output) Start(head response.Head) (response.Body, error) {
	o.begin(head)
	if o.stream != nil {
		if head.Length >= 0 {
			o.answer.setLength(head.Length)
		}
		o.stream.begin(&o.answer)
		return streamed{o.stream.pipe}, nil
	}
	return o, nil
}

func (o output) begin(head response.Head) {
	response.Merge(o.answer.header, head.Header)
	o.answer.status = head.Status
}

func (o output) End(whole bool) { o.aborted = o.aborted || !whole }

// Write collects a part of the body. What no answer can have room for ends it.
func (o output) Write(p []byte) (int, error) {
	if len(o.answer.body)+len(p) > maxAnswer {
		o.answer.tooLarge = true
		return 0, errTooLarge
	}
	o.answer.body = append(o.answer.body, p...)
	return len(p), nil
}

func (o output) Flush() error { return nil }
