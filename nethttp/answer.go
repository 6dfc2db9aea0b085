package nethttp

import (
	"net"
	"net/http"
	"slices"
	"strconv"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/internal/forwarded"
	"github.com/apiphant/apiphant/internal/response"
)

// exchange is one request and its answer. It is an [apiphant.Door].
type exchange struct {
	door    *Door
	writer  http.ResponseWriter
	request *http.Request
	target  string
	match   apiphant.Match
	trusted bool             // a trusted proxy sent it
	vary    []string         // what handlers around this one have set
	body    *body            // nil: it was not looked at
	raw     *response.Writer // of a function that writes the answer itself; else nil
	aborted bool             // there is no whole answer

	hijacked net.Conn // that the function has taken over; nil: it has not
}

func newExchange(d *Door, w http.ResponseWriter, r *http.Request, target string, match apiphant.Match) *exchange {
	x := &exchange{door: d, writer: w, request: r, target: target, match: match, vary: w.Header()["Vary"]}
	x.trusted = len(d.TrustedProxies) > 0 && forwarded.Proxies(d.TrustedProxies).Trust(x.peer().Addr())
	if match.Endpoint != nil && match.Endpoint.Streams && !match.Refused() {
		x.raw = response.NewWriter(output{x}, x.Method())
	}
	return x
}

func (x *exchange) SetHeader(name, value string) {
	x.changeHeader(func(h http.Header) {
		h.Set(name, response.CleanValue(value))
		if http.CanonicalHeaderKey(name) == "Vary" {
			h["Vary"] = append(slices.Clone(x.vary), h["Vary"]...)
		}
	})
}

func (x *exchange) AddHeader(name, value string) {
	x.changeHeader(func(h http.Header) { h.Add(name, response.CleanValue(value)) })
}

// changeHeader changes the headers of the server's writer.
func (x *exchange) changeHeader(change func(h http.Header)) {
	if x.raw != nil {
		x.raw.BeforeStart(func() { change(x.writer.Header()) })
		return
	}
	change(x.writer.Header())
}

func (x *exchange) ResponseWriter() http.ResponseWriter { return x.raw }

func (x *exchange) Started() bool { return x.raw != nil && x.raw.Started() }

func (x *exchange) Answer(status int, body []byte) {
	if x.raw != nil && !x.raw.Replace() {
		x.Abort()
		return
	}
	header := x.writer.Header()
	if body != nil {
		header.Set("Content-Type", "application/json")
	} else {
		header.Del("Content-Type")
	}
	x.send(status, int64(len(body)), body)
}

func (x *exchange) Abort() {
	x.aborted = true
	if x.raw != nil {
		x.raw.Abort()
	}
}

// finish ends the answer as it stands. From then on, nothing that the function
// was given is of use any more.
func (x *exchange) finish() {
	if x.raw != nil && x.raw.Finish() != nil {
		x.aborted = true
	}
	if x.body != nil {
		_ = x.body.Close()
	}
}

// send sends a whole answer. The length is that of the body of a GET; -1: not known.
func (x *exchange) send(status int, length int64, body []byte) {
	header := x.writer.Header()
	header.Del("Content-Length")
	if response.HasBody(status) && length >= 0 {
		header.Set("Content-Length", strconv.FormatInt(length, 10))
	}
	if _, set := header["Content-Type"]; !set {
		header["Content-Type"] = nil // so that the server detects none
	}
	x.writer.WriteHeader(status)
	if len(body) > 0 && response.HasBody(status) && x.Method() != http.MethodHead {
		_, _ = x.writer.Write(body) // a client that has gone away is no failure of the call
	}
}

// output sends the answer of a function that writes it itself.
type output struct{ *exchange }

func (o output) HasContentType() bool { return o.writer.Header().Get("Content-Type") != "" }

func (o output) Send(head response.Head, body []byte) {
	response.Merge(o.writer.Header(), head.Header)
	o.send(head.Status, head.Length, body)
}

func (o output) Start(head response.Head) (response.Body, error) {
	control := http.NewResponseController(o.writer)
	if o.body != nil && !o.body.isRead() {
		_ = control.EnableFullDuplex() // else the server would read the body before the head is sent
	}
	header := o.writer.Header()
	response.Merge(header, head.Header)
	if header.Del("Content-Length"); head.Length >= 0 {
		header.Set("Content-Length", strconv.FormatInt(head.Length, 10))
	}
	if _, set := header["Content-Type"]; !set {
		header["Content-Type"] = nil
	}
	o.writer.WriteHeader(head.Status)
	return stream{o.writer, control}, nil
}

func (o output) End(whole bool) {
	if o.hijacked != nil {
		_ = o.hijacked.Close()
		return
	}
	o.aborted = o.aborted || !whole
}

// stream is where the body of a started answer goes.
type stream struct {
	http.ResponseWriter
	control *http.ResponseController
}

func (s stream) Flush() error { return s.control.Flush() }
