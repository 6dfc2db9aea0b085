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

// Server serves an API over HTTP/1.1. The zero values of its settings are good
// ones. Nothing in it may change once it serves.
type Server struct {
	API *apiphant.API
	Log *slog.Logger // nil: nothing is logged

	// AccessLog is called once for each request, when it has been answered; nil:
	// never. It may be called by several goroutines at the same time. The Access
	// is valid until it returns.
	AccessLog func(*Access)

	// Metrics count what the server does; nil: nothing is counted.
	Metrics *Metrics

	MaxBody       int64         // bytes of a JSON request; 0: DefaultMaxBody. Beyond it: 413
	MaxUpload     int64         // bytes of a raw request, which streams, or of one with files; 0: DefaultMaxUpload. Beyond it: 413
	MaxHeader     int           // bytes of the request line with all headers; 0: DefaultMaxHeader. Beyond it: 431
	HeaderTimeout time.Duration // from a request's first byte to the end of its headers; 0: DefaultHeaderTimeout. Beyond it: 408
	IdleTimeout   time.Duration // between two requests of a connection, and before its first byte; 0: DefaultIdleTimeout. Beyond it: closed

	// TrustedProxies are the networks of the proxies that are believed about the
	// client: [apiphant.Call.RemoteAddr] comes from X-Forwarded-For, and the headers
	// Host and X-Forwarded-Proto from X-Forwarded-Host and X-Forwarded-Proto. nil: no
	// proxy is believed, and functions don't see these headers.
	TrustedProxies []netip.Prefix

	// Certificate turns HTTPS on, from TLS 1.2; nil: plain HTTP.
	Certificate *Certificate

	// MaxConnections is how many connections may be open. For a further one, the
	// oldest of those is closed on which nothing has come yet; where there is none,
	// the further one is answered with 503. It is never more than there are file
	// descriptors for (RLIMIT_NOFILE): without those that are open when Serve
	// begins, those that the program needs for itself, and at least a tenth of all,
	// which is left for the product. 0: DefaultMaxConnections; negative: only that.
	MaxConnections int

	// OtherDescriptors is how many more file descriptors something else in the
	// program may open while Serve runs, such as the pool of a database.
	OtherDescriptors int

	// MaxConnectionsPerAddress is how many of them may come from one address, or
	// with IPv6 from one /64; a further one is answered with 503. It does not hold
	// for TrustedProxies. 0: MaxConnections.
	MaxConnectionsPerAddress int

	// MaxRunning is for how many requests functions may run at the same time; a
	// further one is answered with 503. A request whose body is still coming does
	// not count, except a raw one, whose function reads the body, and one with files.
	// 0: DefaultMaxRunning; negative: no bound.
	MaxRunning int

	// BodyMemory is how many bytes JSON bodies larger than 4 KiB, each from its first
	// byte to the response, and JSON responses larger than 64 KiB, each until it was
	// sent, may take together. A further body is answered with 503, and so is a call
	// of an endpoint whose last responses were large, before its function runs. A
	// response that was made is sent all the same. Each byte counts twice, since Go's
	// collector lets the heap grow to twice of what is in use. Of a compressed body,
	// what it is decoded to counts, too. What functions make of a body does not count; MaxBody
	// and MaxRunning bound that. 0: DefaultBodyMemory; negative: no bound.
	BodyMemory int64

	// LowMemory lets an idle connection give its memory back after 50 ms in place
	// of 250 ms. A request that comes later than that takes a few microseconds more.
	LowMemory bool

	// DrainWindow is how long connections are still accepted and requests answered
	// once Serve is to end. Each response says "Connection: close", so that clients
	// and load balancers go elsewhere without an error.
	//
	// A window that is set lasts, since a load balancer may send new connections
	// until it knows. 0: DefaultDrainWindow, which ends with the last connection;
	// so it does where the listener was handed over. Negative: no time.
	DrainWindow time.Duration

	// Drain is how long running calls may take after that. At its end their
	// contexts are cancelled, those of calls that stream or have hijacked their
	// connection at its beginning: see [apiphant.ErrDraining]. 0: DefaultDrain; negative: no time.
	Drain time.Duration

	log         *slog.Logger
	config      connection.Config
	timeouts    timeouts        // zero: defaultTimeouts
	base        context.Context // of all calls
	streams     context.Context // of those whose functions return a sequence: ends at the end of the drain window
	endStreams  context.CancelCauseFunc
	http        *fasthttp.Server
	conns       connections
	descriptors descriptors
	watcher     *connection.Watcher // nil: the system can't watch clients
	refuser     refuser
	calls       *quota       // places among the running requests
	overdue     atomic.Int64 // calls that the last sweep found past their deadline
	sending     atomic.Int64 // responses that are sent while their functions run
	hijacked    atomic.Int64 // connections that functions have taken over
	bodies      bodyMemory
	answers     answerMemory
	shed        shed
	date        date

	workers    *workers // of connections
	rawWorkers *workers // of functions that write their own response

	prepared atomic.Bool // what prepare computes is there
	draining atomic.Bool // responses say "Connection: close"
	leaving  atomic.Bool // /healthz answers 503
}

// ErrHandedOver is the cause with which the context of [Server.Serve] ends when
// another process has begun to accept from the same listener.
var ErrHandedOver = errors.New("the listener is handed over to another process")

// Serve answers requests of a listener until ctx ends. Then it drains and returns
// nil. It closes the listener in any case. Where NOTIFY_SOCKET names a service
// manager (sd_notify(3)), Serve notifies it when it is ready, while it is alive,
// and when it begins to drain.
//
// Where ctx ends with the cause [ErrHandedOver], Serve leaves the listener to the
// other process at once, and does not notify the service manager any more.
//
// Calls get the values and the log of ctx. They do not end with it, see Drain.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	defer ln.Close()
	if err := s.API.Check(); err != nil {
		return err
	}
	base, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	s.prepare(base)
	defer s.watcher.Close()
	if err := s.descriptors.check(); err != nil {
		return err
	}
	s.warnOfFew()
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

// prepare computes from the settings what serving needs.
func (s *Server) prepare(base context.Context) {
	s.base, s.log = base, s.Log
	s.streams, s.endStreams = context.WithCancelCause(base)
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.timeouts = cmp.Or(s.timeouts, defaultTimeouts)
	s.conns.metrics = s.Metrics
	s.bound()
	s.config.Timeouts, s.config.MaxHead = s.timeouts.Timeouts, cmp.Or(s.MaxHeader, DefaultMaxHeader)
	if s.Certificate != nil {
		s.Certificate.log, s.config.TLS = s.log, s.Certificate.config()
	}
	s.watcher = connection.NewWatcher(s.log)
	s.workers, s.rawWorkers = newWorkers(), newWorkers()
	s.http = s.newFasthttp()
	s.prepared.Store(true)
	s.Metrics.of(s)
}

func (s *Server) listener(ln net.Listener) *connection.Listener {
	l := connection.NewListener(ln, s.log)
	l.Handshake = s.timeouts.handshake
	l.Shortage = func() {
		s.Metrics.failedToAccept()
		s.closeSilent()
	}
	return l
}
