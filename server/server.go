package server

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/valyala/fasthttp"
	"go.uber.org/zap"

	"github.com/apiphant/apiphant"
)

// Defaults of the settings of [Server].
const (
	DefaultMaxBody       = 1 << 20
	DefaultMaxUpload     = 1 << 30
	DefaultMaxHeader     = 8 << 10
	DefaultHeaderTimeout = 5 * time.Second
	DefaultIdleTimeout   = 75 * time.Second
	DefaultDrainWindow   = time.Second
	DefaultDrain         = 30 * time.Second

	DefaultMaxConnections = 1 << 16
	DefaultMaxRunning     = 10_000
	DefaultBodyMemory     = 256 << 20
)

// Server is the fasthttp door: it serves an API over HTTP/1.1. The zero values
// of the settings are good ones. Nothing in it may change once it serves.
type Server struct {
	API *apiphant.API
	Log *zap.Logger // nil: nothing is logged

	// AccessLog is called once for each request, when it is answered; nil: not
	// at all. Calls may run at once. What it gets is valid until it returns.
	AccessLog func(*Access)

	// Metrics count what the server does; nil: nothing is counted.
	Metrics *Metrics

	MaxBody       int64         // bytes of a JSON request; 0: DefaultMaxBody. Beyond it: 413
	MaxUpload     int64         // bytes of a raw request, which streams; 0: DefaultMaxUpload. Beyond it: 413
	MaxHeader     int           // bytes of the request line with all headers; 0: DefaultMaxHeader. Beyond it: 431
	HeaderTimeout time.Duration // from a request's first byte to the end of its headers; 0: DefaultHeaderTimeout. Beyond it: 408
	IdleTimeout   time.Duration // between two requests of a connection; 0: DefaultIdleTimeout. Beyond it: closed

	// TrustedProxies are the networks of the proxies that are believed about who
	// asks: X-Forwarded-For tells [apiphant.Call.RemoteAddr], X-Forwarded-Host and
	// X-Forwarded-Proto the headers Host and X-Forwarded-Proto. nil: none is, and
	// functions don't see such headers.
	TrustedProxies []netip.Prefix

	// Certificate makes it HTTPS, from TLS 1.2 on; nil: plain HTTP.
	Certificate *Certificate

	// MaxConnections is how many connections may be open; beyond it a new one is
	// answered with 503. It is never more than nine tenths of the file
	// descriptors that the process may have (RLIMIT_NOFILE): the others are the
	// product's. 0: DefaultMaxConnections; negative: only those nine tenths.
	MaxConnections int

	// MaxConnectionsPerAddress is how many of them may come from one address, of
	// IPv6 from one /64; beyond it 503. TrustedProxies may open as many as they
	// like. 0: as many as there may be at all.
	MaxConnectionsPerAddress int

	// MaxRunning is how many requests may be with their functions at once;
	// beyond it 503. One whose body still comes is not counted, a raw one, which
	// reads its body itself, is. 0: DefaultMaxRunning; negative: any number.
	MaxRunning int

	// BodyMemory bounds the bytes that JSON bodies larger than 4 KiB take
	// together, from their first byte to the answer; beyond it 503. Each counts
	// twice, since Go's collector lets the heap grow to twice of what is used.
	// What functions make of a body is not counted: MaxBody and MaxRunning bound
	// that. 0: DefaultBodyMemory; negative: any number.
	BodyMemory int64

	// LowMemory lets a connection that waits for its next request give back its
	// memory after 50 ms in place of 250. It costs each request that comes
	// later than that a few microseconds.
	LowMemory bool

	// DrainWindow is how long, once Serve is to end, connections are still
	// accepted and requests answered, each with "Connection: close", so that
	// clients and load balancers go elsewhere without an error.
	// 0: DefaultDrainWindow; negative: none.
	DrainWindow time.Duration

	// Drain is how long, after that, running calls may take to finish; at its
	// end their contexts are cancelled. 0: DefaultDrain; negative: none.
	Drain time.Duration

	log      *zap.Logger
	tls      *tls.Config     // nil: plain HTTP
	base     context.Context // of all calls
	conns    conns
	watcher  *watcher // nil: the system can't tell
	refuser  refuser
	calls    calls
	bodies   bodyMemory
	smallest int64 // bound of any body
	shed     shed
	spare    atomic.Int64 // goroutines that wait for a client
	draining atomic.Bool  // answers say "Connection: close"
	away     atomic.Bool  // /healthz says so
	patience patience     // zero: defaultPatience
}

// ErrHandedOver is the cause with which the context of [Server.Serve] ends when
// another process has begun to accept from the same listener.
var ErrHandedOver = errors.New("the listener is handed over to another process")

// Serve answers requests of a listener until ctx ends; then it drains and
// returns nil. The listener is closed in any case. Readiness, being alive and
// the beginning of the end are told to the service manager, where NOTIFY_SOCKET
// names one (sd_notify(3)).
//
// Where ctx ends with the cause [ErrHandedOver], the listener is left to the other
// process at once, and it is that one which speaks with the service manager.
//
// ctx is also where calls get their values and their log from, but not what
// ends them: see Drain.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	defer ln.Close()
	if err := s.API.Check(); err != nil {
		return err
	}
	base, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	s.base, s.log, s.patience = base, cmp.Or(s.Log, zap.NewNop()), cmp.Or(s.patience, defaultPatience)
	s.conns.metrics = s.Metrics
	s.Metrics.of(s)
	if s.Certificate != nil {
		s.Certificate.log, s.tls = s.log, s.Certificate.config()
	}
	s.watcher = newWatcher(s.log)
	defer s.watcher.close()
	http := s.fasthttp()
	s.bound(http)
	defer s.watch()()

	l := s.listener(ln)
	closed := make(chan error, 1)
	go func() { closed <- s.serveAll(http, l) }()
	s.notifyReady()
	endWatchdog := s.startWatchdog(l)
	select {
	case err := <-closed:
		endWatchdog()
		return fmt.Errorf("can't accept connections any more: %w", cmp.Or(err, net.ErrClosed))
	case <-ctx.Done():
	}
	endWatchdog()
	s.leave(errors.Is(context.Cause(ctx), ErrHandedOver), l, closed)
	s.drain(cancel)
	return nil
}

// leave lets clients go elsewhere for a window: each answer tells them to. New
// ones find the other process where there is one; where there is none, they are
// answered here until the window ends.
func (s *Server) leave(handedOver bool, l *listener, closed <-chan error) {
	window := cmp.Or(s.DrainWindow, DefaultDrainWindow)
	s.draining.Store(true)
	if handedOver {
		s.log.Info("Draining: another process has taken over")
		l.end(handedOver)
		<-closed
		s.waitUntilGone(window)
		return
	}
	s.away.Store(true)
	s.notify(daemon.SdNotifyStopping)
	s.log.Info("Draining: clients are told to go elsewhere")
	s.waitUntilGone(window)
	l.end(handedOver)
	<-closed
}

// drain lets every client finish, now that no further ones come. Closing the
// listener first would have refused those who came meanwhile; closing the
// connections first would have lost the requests that were on their way.
func (s *Server) drain(cancel context.CancelFunc) {
	s.conns.each((*conn).interrupt)
	if s.waitUntilGone(cmp.Or(s.Drain, DefaultDrain)) {
		return
	}
	s.log.Warn("Calls still run at the end of the drain: their contexts are cancelled")
	cancel()
	s.waitUntilGone(s.patience.cancelled)
	s.conns.each(func(c *conn) { c.socket().Close() })
}

func (s *Server) waitUntilGone(limit time.Duration) bool {
	ctx, cancel := context.WithTimeout(context.Background(), max(limit, 0))
	defer cancel()
	return s.conns.wait(ctx)
}

func (s *Server) fasthttp() *fasthttp.Server {
	return &fasthttp.Server{
		Handler:                      s.handle,
		HeaderReceived:               s.headerReceived,
		ExpectHandler:                s.expect,
		ErrorHandler:                 s.refuse,
		ConnState:                    connState,
		Logger:                       quiet{s.log},
		ReadBufferSize:               cmp.Or(s.MaxHeader, DefaultMaxHeader),
		ReadTimeout:                  cmp.Or(s.HeaderTimeout, DefaultHeaderTimeout),
		IdleTimeout:                  cmp.Or(s.IdleTimeout, DefaultIdleTimeout),
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
	d.endpoint = s.API.Find(path)
	d.begin(s.Metrics.route(d.endpoint), ctx.Time())
	switch {
	case d.endpoint != nil && d.endpoint.RawRequest && !d.enter():
		s.API.Refuse(s.base, d, d.overloaded())
	case d.endpoint != nil && d.endpoint.RawResponse:
		d.serveRaw()
		return
	default:
		s.API.Serve(s.base, d.endpoint, d)
	}
	d.finish()
}

// headerReceived tells fasthttp what it does not see in the headers itself, and
// gives the beginning of a body, which fasthttp reads, its time: see bodyRate.
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
	if int64(header.ContentLength()) > min(maxSkippedBody, s.smallest) && s.refusesBody(header) {
		header.Set("Expect", "100-continue") // so that it is answered before a byte of it is read
	}
	return fasthttp.RequestConfig{ReadTimeout: s.patience.bodyGrace}
}

// refusesBody tells whether the body of a request need not be sent: nobody
// wants it, or it is too large.
func (s *Server) refusesBody(header *fasthttp.RequestHeader) bool {
	path := path(header)
	if string(path) == healthPath {
		return false
	}
	endpoint := s.API.Find(path)
	return endpoint == nil || int64(header.ContentLength()) > s.bodyLimit(endpoint)
}

// expect answers "Expect: 100-continue": a body that would be refused is not asked for.
func (s *Server) expect(ctx *fasthttp.RequestCtx) int {
	if !s.refusesBody(&ctx.Request.Header) {
		return http.StatusContinue
	}
	d := newDoor(s, ctx)
	endpoint := s.API.Find(d.path())
	d.begin(s.Metrics.route(endpoint), time.Now())
	if endpoint != nil {
		s.API.Refuse(s.base, d, readError(fasthttp.ErrBodyTooLarge))
	} else {
		s.API.Serve(s.base, nil, d)
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
