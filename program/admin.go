package program

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
	"os"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/spf13/pflag"
	"go.uber.org/zap"

	"github.com/apiphant/apiphant/server"
)

const (
	adminMaxHeader = 8 << 10
	adminScrapes   = 8 // at once

	// adminRetry is how often a port is tried that another one still has.
	adminRetry = 200 * time.Millisecond

	// adminLast is how long what was asked last may take to be answered.
	adminLast = time.Second
)

// admin answers what is asked about a program, at an address of its own:
// whether it lives and is ready, its metrics, its profiles and its version. It
// answers from before Start until after Stop.
type admin struct {
	product  string
	started  time.Time
	registry *prometheus.Registry
	ctx      context.Context // ends when the program begins to end
	ready    atomic.Bool     // Start has run
	database *store          // nil: none; set before ready
	log      *zap.Logger
	server   *http.Server
	note     string // for the log
}

func addAdminFlag(flags *pflag.FlagSet, address *string) {
	flags.StringVar(address, "admin", "", "answer /metrics for Prometheus, /healthz, /readyz, /version and /debug/pprof/ at this `HOST:PORT`")
}

func checkAdmin(address string) error {
	if address == "" {
		return nil
	}
	if _, err := server.ParseAddress(address); err != nil {
		return UsageError{fmt.Errorf("--admin: %w", err)}
	}
	return nil
}

// newAdmin returns an admin that answers nothing yet. ctx ends when the program
// is to end.
func newAdmin(ctx context.Context, product string, log *zap.Logger, metrics ...prometheus.Collector) *admin {
	a := &admin{product: product, started: time.Now(), registry: prometheus.NewRegistry(), ctx: ctx, log: log}
	a.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	a.registry.MustRegister(metrics...)
	errorLog := slog.NewLogLogger(Slog(log).Handler(), slog.LevelWarn)
	a.server = &http.Server{
		Handler:           a.handler(errorLog),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second, // profiles add their own time
		IdleTimeout:       75 * time.Second,
		MaxHeaderBytes:    adminMaxHeader,
		ErrorLog:          errorLog,
	}
	return a
}

func (a *admin) handler(errorLog promhttp.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { a.answer(w, true) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		a.answer(w, a.ready.Load() && a.ctx.Err() == nil && a.database.answers(r.Context()))
	})
	mux.HandleFunc("GET /version", a.version)
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.registry, promhttp.HandlerOpts{
		ErrorLog: errorLog, ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: adminScrapes,
	}))
	// Not /debug/pprof/cmdline: a password may be in the command line.
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("POST /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}

func (a *admin) answer(w http.ResponseWriter, well bool) {
	w.Header().Set("Content-Type", "application/json")
	if !well {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(`{"error":"503 Service Unavailable"}`))
		return
	}
	_, _ = w.Write([]byte(`{"status":"ok"}`))
}

func (a *admin) version(w http.ResponseWriter, _ *http.Request) {
	version := struct {
		Product  string    `json:"product"`
		Version  string    `json:"version"`
		Go       string    `json:"go"`
		Revision string    `json:"revision,omitempty"` // of the version control system
		Modified bool      `json:"modified,omitempty"` // it is not exactly that
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

// listen begins to answer at an address. One that is taken is an error, unless
// the program is a successor: whom it takes over from has the address until it
// has ended, and it is taken as soon as it is free.
func (a *admin) listen(address string, successor bool) error {
	address, err := server.ParseAddress(address)
	if err != nil {
		return err
	}
	ln, err := listenAdmin(address)
	switch {
	case err == nil:
		a.note = noteOf(ln.Addr())
		go a.serve(ln)
	case !errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("can't listen at --admin %s: %w", address, err)
	case !successor:
		return fmt.Errorf("--admin %s is taken: another program listens there; stop it, or choose another port", address)
	default:
		a.note = "--admin " + address + " is taken, perhaps by the program that this one succeeds: waiting until it is free"
		go a.await(address)
	}
	return nil
}

func (a *admin) await(address string) {
	tries := time.NewTicker(adminRetry)
	defer tries.Stop()
	for {
		select {
		case <-tries.C:
		case <-a.ctx.Done():
			return
		}
		if ln, err := listenAdmin(address); err == nil {
			a.log.Info("Answering at --admin " + address)
			a.serve(ln)
			return
		}
	}
}

func (a *admin) serve(ln net.Listener) {
	if err := a.server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		a.log.Error("Can't answer at --admin any more: " + err.Error())
	}
}

// listenAdmin keeps 0.0.0.0 to IPv4, as [server.Listen] does.
func listenAdmin(address string) (net.Listener, error) {
	network := "tcp"
	if at, err := netip.ParseAddrPort(address); err == nil && at.Addr().Is4() {
		network = "tcp4"
	}
	return net.Listen(network, address)
}

// noteOf says so where more than this machine can ask.
func noteOf(address net.Addr) string {
	if at, err := netip.ParseAddrPort(address.String()); err == nil && at.Addr().IsLoopback() {
		return ""
	}
	return "--admin answers at " + address.String() + " whoever can reach it, also with profiles: let a firewall decide who that is"
}

// announced is called once the first line of the log is written.
func (a *admin) announced() {
	if a != nil && a.note != "" {
		a.log.Warn(a.note)
	}
}

// isReady is called once Start has run. From then on the program is ready as
// long as its database answers.
func (a *admin) isReady(stored *store) {
	if a == nil {
		return
	}
	if stored != nil {
		a.registry.MustRegister(stored)
	}
	a.database = stored
	a.ready.Store(true)
}

// Close ends it, once what was asked last is answered.
func (a *admin) Close() {
	if a == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), adminLast)
	defer cancel()
	if a.server.Shutdown(ctx) != nil {
		_ = a.server.Close()
	}
}

// isSuccessor tells whether this process was handed a listener, perhaps by one
// that still runs. It must be asked before that is taken over.
func isSuccessor() bool { return os.Getenv("LISTEN_FDS") != "" }
