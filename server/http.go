package server

import (
	"cmp"
	"fmt"
	"math"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
	"go.uber.org/zap"
)

func (s *Server) fasthttp() *fasthttp.Server {
	return &fasthttp.Server{
		Handler:                      s.handle,
		HeaderReceived:               s.headerReceived,
		ExpectHandler:                s.expect,
		ErrorHandler:                 s.refuse,
		ConnState:                    connState,
		Logger:                       quiet{s.log},
		ReadBufferSize:               cmp.Or(s.MaxHeader, DefaultMaxHeader),
		StreamRequestBody:            true, // the declared length of a body is allocated up front otherwise
		DisablePreParseMultipartForm: true,
		NoDefaultServerHeader:        true,
		NoDefaultContentType:         true,
		MaxRequestBodySize:           1,             // the door bounds bodies as it reads them
		Concurrency:                  math.MaxInt32, // conns bounds connections, in JSON
	}
}

// handle answers one request.
func (s *Server) handle(ctx *fasthttp.RequestCtx) {
	d := newDoor(s, ctx)
	path := d.path()
	if string(path) == healthPath {
		d.begin(s.Metrics.health(), ctx.Time())
		d.answerHealth()
		d.finish()
		return
	}
	match := s.API.Find(ctx.Request.Header.Method(), ctx.Request.Header.RequestURI())
	d.match, d.endpoint = match, match.Endpoint
	d.begin(s.Metrics.route(d.endpoint), ctx.Time())
	switch {
	case d.endpoint != nil && d.endpoint.RawRequest && !d.match.Refused() && !d.enter():
		s.API.Refuse(s.base, d, d.overloaded())
	case d.endpoint != nil && d.endpoint.RawResponse:
		d.serveRaw()
		return
	default:
		s.API.Serve(s.base, d.match, d)
	}
	d.finish()
}

// headerReceived tells fasthttp what it does not see in the headers itself.
func (s *Server) headerReceived(header *fasthttp.RequestHeader) fasthttp.RequestConfig {
	if len(header.PeekAll("Connection")) > 0 && asksToClose(header.RawHeaders()) {
		header.SetConnectionClose() // fasthttp knows exactly "close" only, and of several fields the last
	}
	if expect := header.Peek("Expect"); len(expect) > 0 {
		if !header.IsHTTP11() { // RFC 9110, 10.1.1: 1.0 has no 100 Continue
			header.Del("Expect")
		} else if strings.EqualFold(string(expect), "100-continue") {
			header.Set("Expect", "100-continue")
		}
	}
	return fasthttp.RequestConfig{}
}

// refusesBody tells whether the body of a request need not be sent: nobody
// wants it, or it is too large.
func (s *Server) refusesBody(header *fasthttp.RequestHeader) bool {
	if string(path(header.RequestURI())) == healthPath {
		return false
	}
	match := s.API.Find(header.Method(), header.RequestURI())
	return match.Endpoint == nil || match.Refused() || int64(header.ContentLength()) > s.bodyLimit(match.Endpoint)
}

// expect answers "Expect: 100-continue": a body that would be refused is not asked for.
func (s *Server) expect(ctx *fasthttp.RequestCtx) int {
	header := &ctx.Request.Header
	if !s.refusesBody(header) {
		ctx.Conn().(*conn).clock = time.Now()
		return http.StatusContinue
	}
	d := newDoor(s, ctx)
	match := s.API.Find(header.Method(), header.RequestURI())
	d.begin(s.Metrics.route(match.Endpoint), time.Now())
	if match.Endpoint != nil && !match.Refused() {
		s.API.Refuse(s.base, d, readError(fasthttp.ErrBodyTooLarge))
	} else {
		s.API.Serve(s.base, match, d) // which finds out before it reads a body
	}
	d.refused()
	return ctx.Response.StatusCode()
}

// refuse answers what fasthttp could not read as a request.
func (s *Server) refuse(ctx *fasthttp.RequestCtx, err error) {
	d := newDoor(s, ctx)
	d.unread = true
	d.begin(s.Metrics.route(nil), time.Now())
	s.API.Refuse(s.base, d, readError(err))
	d.refused()
}

// hasToken tells whether a list as of RFC 9110, 5.6.1, has an element.
func hasToken(list []byte, token string) bool {
	for element := range strings.SplitSeq(string(list), ",") {
		if strings.EqualFold(strings.TrimSpace(element), token) {
			return true
		}
	}
	return false
}

// connState notes whether a connection is busy. When its goroutine tells that it
// was closed, it may be at its next request with another one: see park.
func connState(accepted net.Conn, state fasthttp.ConnState) {
	c, ok := accepted.(*conn)
	if ok && (state == fasthttp.StateActive || state == fasthttp.StateIdle) {
		c.busy.Store(state == fasthttp.StateActive)
	}
}

// quiet is where fasthttp logs what clients did wrong.
type quiet struct{ log *zap.Logger }

func (q quiet) Printf(format string, args ...any) {
	if entry := q.log.Check(zap.DebugLevel, ""); entry != nil {
		entry.Message = fmt.Sprintf(format, args...)
		entry.Write()
	}
}
