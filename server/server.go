package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server/internal/connection"
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
	Log *slog.Logger // nil: nothing is logged

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

	log      *slog.Logger
	config   connection.Config
	timeouts timeouts        // zero: defaultTimeouts
	base     context.Context // of all calls
	http     *fasthttp.Server
	conns    connections
	watcher  *connection.Watcher // nil: the system can't tell
	refuser  refuser
	calls    calls
	bodies   bodyMemory
	shed     shed
	date     date

	workers    *workers // of connections
	rawWorkers *workers // of functions that write their own response

	draining atomic.Bool // answers say "Connection: close"
	away     atomic.Bool // /healthz says so
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
	s.prepare(base)
	defer s.watcher.Close()
	defer s.watch()()

	l := s.listener(ln)
	closed := make(chan error, 1)
	go func() { closed <- s.serveAll(l) }()
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

// prepare works out from the settings what serving needs.
func (s *Server) prepare(base context.Context) {
	s.base, s.log = base, s.Log
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.timeouts = cmp.Or(s.timeouts, defaultTimeouts)
	s.conns.metrics = s.Metrics
	s.Metrics.of(s)
	s.bound()
	s.config.Timeouts, s.config.MaxHead = s.timeouts.Timeouts, cmp.Or(s.MaxHeader, DefaultMaxHeader)
	if s.Certificate != nil {
		s.Certificate.log, s.config.TLS = s.log, s.Certificate.config()
	}
	s.watcher = connection.NewWatcher(s.log)
	s.workers, s.rawWorkers = newWorkers(), newWorkers()
	s.http = s.newFasthttp()
}

func (s *Server) listener(ln net.Listener) *connection.Listener {
	l := connection.NewListener(ln, s.log)
	l.Shortage, l.Handshake = s.Metrics.failedToAccept, s.timeouts.handshake
	return l
}
