// Package admin answers what operators ask about a program that runs, at an
// address of its own: whether it lives and is ready, its metrics, its profiles
// and its version. docs/operating.md describes the answers.
package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/spf13/pflag"

	"github.com/apiphant/apiphant/database"
	"github.com/apiphant/apiphant/internal/address"
	"github.com/apiphant/apiphant/internal/command"
	"github.com/apiphant/apiphant/internal/hosts"
	"github.com/apiphant/apiphant/internal/logging"
)

const (
	maxHeader  = 8 << 10
	maxScrapes = 8 // at once

	// retry is how often a successor tries to listen while its predecessor still
	// does.
	retry = 200 * time.Millisecond

	// pingTimeout bounds how long the database may take to answer /readyz.
	pingTimeout = 2 * time.Second

	// closeWait is how long Close waits for the last requests.
	closeWait = time.Second
)

// Admin answers about one program, from before its Start until after its Stop.
// The methods of a nil Admin do nothing.
type Admin struct {
	product  string
	started  time.Time
	registry *prometheus.Registry
	ctx      context.Context // ends when the program begins to end
	database database.DB     // nil: none; set before ready
	ready    atomic.Bool     // Start has run
	log      *logging.Log
	server   *http.Server
	named    []string // further hosts
}

// AddFlag defines the flag --admin. The command needs a flag --hosts, too, whose value
// [Admin.Listen] takes.
func AddFlag(flags *pflag.FlagSet, address *string) {
	flags.StringVar(address, "admin", "", "answer /metrics for Prometheus, /healthz, /readyz, /version and /debug/pprof/ at this `HOST:PORT`")
}

// Check returns a [command.UsageError] for an invalid address, where "" is valid, and for
// invalid hosts.
func Check(hostPort string, named []string) error {
	if _, err := hosts.Parse(named); err != nil {
		return command.UsageError{Err: fmt.Errorf("--hosts: %w", err)}
	}
	if hostPort == "" {
		return nil
	}
	if _, err := address.Parse(hostPort); err != nil {
		return command.UsageError{Err: fmt.Errorf("--admin: %w", err)}
	}
	return nil
}

// New returns an Admin that does not listen yet. It is not ready from the end of
// ctx on.
func New(ctx context.Context, product string, log *logging.Log, metrics ...prometheus.Collector) *Admin {
	a := &Admin{product: product, started: time.Now(), registry: prometheus.NewRegistry(), ctx: ctx, log: log}
	a.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	a.registry.MustRegister(leftOut{log})
	a.registry.MustRegister(metrics...)
	a.server = &http.Server{
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second, // profiles add their own time
		IdleTimeout:       75 * time.Second,
		MaxHeaderBytes:    maxHeader,
		ConnState:         new(connections).changed,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	return a
}

func (a *Admin) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { a.answer(w, true) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		a.answer(w, a.ready.Load() && a.ctx.Err() == nil && a.databaseAnswers(r.Context()))
	})
	mux.HandleFunc("GET /version", a.version)
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.registry, promhttp.HandlerOpts{
		ErrorLog: a.server.ErrorLog, ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: maxScrapes,
	}))
	// There is no /debug/pprof/cmdline: the command line may contain a password.
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("POST /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}

func (a *Admin) answer(w http.ResponseWriter, ok bool) {
	w.Header().Set("Content-Type", "application/json")
	if !ok {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(`{"error":"503 Service Unavailable"}`))
		return
	}
	_, _ = w.Write([]byte(`{"status":"ok"}`))
}

func (a *Admin) version(w http.ResponseWriter, _ *http.Request) {
	version := struct {
		Product  string    `json:"product"`
		Version  string    `json:"version"`
		Go       string    `json:"go"`
		Revision string    `json:"revision,omitempty"` // of the source
		Modified bool      `json:"modified,omitempty"` // the source was not exactly that revision
		Started  time.Time `json:"started"`
	}{Product: a.product, Version: "unknown", Started: a.started}
	if info, ok := debug.ReadBuildInfo(); ok {
		version.Version, version.Go = info.Main.Version, info.GoVersion
		for _, setting := range info.Settings {
			switch setting.Key {
			case "vcs.revision":
				version.Revision = setting.Value
			case "vcs.modified":
				version.Modified = setting.Value == "true"
			}
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(version)
}

// Listen begins to answer at an address. An address that is taken is an error,
// unless the program is a successor: its predecessor listens there until it has
// ended, so the successor tries again until the address is free.
//
// Requests are answered that ask for localhost, a loopback address, the address
// itself, any address where it is unspecified (:9000), the machine's name, or one of
// those in named, which are as [hosts.Parse] takes them. Others are answered with 421.
func (a *Admin) Listen(hostPort string, named []string, successor bool) error {
	at, err := address.Parse(hostPort)
	if err != nil {
		return err
	}
	a.named = named
	ln, err := net.Listen(address.Network(at), at)
	switch {
	case err == nil:
		if reachable(ln.Addr()) {
			a.log.Warn("--admin answers at " + ln.Addr().String() + " whoever can reach it, also with profiles: let a firewall decide who that is")
		}
		go a.serve(at, ln)
	case !errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("can't listen at --admin %s: %w", at, err)
	case !successor:
		return fmt.Errorf("--admin %s is taken: another program listens there; stop it, or choose another port", at)
	default:
		a.log.Warn("--admin " + at + " is taken, perhaps by the program that this one succeeds: waiting until it is free")
		go a.listenLater(at)
	}
	return nil
}

func (a *Admin) listenLater(at string) {
	tries := time.NewTicker(retry)
	defer tries.Stop()
	for {
		select {
		case <-tries.C:
		case <-a.ctx.Done():
			return
		}
		if ln, err := net.Listen(address.Network(at), at); err == nil {
			a.log.Info("Answering at --admin " + at)
			a.serve(at, ln)
			return
		}
	}
}

func (a *Admin) serve(at string, ln net.Listener) {
	a.server.Handler = newOwn(at, ln.Addr(), a.named).only(a)
	if err := a.server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		a.log.Error("Can't answer at --admin any more: " + err.Error())
	}
}

// reachable reports whether other machines can reach an address.
func reachable(address net.Addr) bool {
	at, err := netip.ParseAddrPort(address.String())
	return err != nil || !at.Addr().IsLoopback()
}

// SetReady makes /readyz answer 200, for as long as the database of ctx answers,
// if there is one. It is called once, after the product's Start.
func (a *Admin) SetReady(ctx context.Context) {
	if a == nil {
		return
	}
	if db, err := database.Of(ctx); err == nil {
		a.registry.MustRegister(pool{db})
		a.database = db
	}
	a.ready.Store(true)
}

func (a *Admin) databaseAnswers(ctx context.Context) bool {
	if a.database == nil {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	return a.database.Ping(ctx) == nil
}

// Close stops answering, after the requests that run.
func (a *Admin) Close() {
	if a == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeWait)
	defer cancel()
	if a.server.Shutdown(ctx) != nil {
		_ = a.server.Close()
	}
}
