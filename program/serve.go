package program

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server"
)

func (p Product) serveCommand() *cobra.Command {
	settings := &Settings{}
	command := &cobra.Command{
		Use:   "serve HOST:PORT",
		Short: "Serve the API",
		Long: `Serve the API at HOST:PORT until SIGTERM or SIGINT; then take no new work, let
every client finish, and end with status 0. A second signal ends it at once.

SIGHUP restarts it, with no request lost or refused: what is at its path by then is
started with the same arguments and environment, takes over the listener, and when
it is ready (READY=1, within a minute) the process that was there drains and ends.
Where it is not, an error in the log says why, and the old one serves on. The new
process has another number: systemd is told (Type=notify), supervisor and container
engines can't be; there, let them hold the listener, or restart one of several
processes after the other. In a terminal, SIGHUP ends the program as SIGTERM does.

IPv6 is written [::1]:8001. Port 0 takes a free port, which the first line of the
log names. A listener that is handed over (LISTEN_FDS, as systemd's socket
activation does) is served in place of HOST:PORT. The service manager hears when
the program is ready, ends, and, for its watchdog, lives (sd_notify). /healthz
answers 200, and 503 while the program ends. SIGUSR1 opens the file of --log-file
anew.

Sizes are bytes, or have a unit: 65536, 64KiB, 1MiB. Durations have one always:
500ms, 30s, 2m.

Every flag can be set by the environment variable behind it; a flag comes before
its variable, a variable before the default. A variable with _FILE at its name's
end names a file that has the value: APIPHANT_DATABASE_FILE=/run/secrets/database.`,
		Example: "  " + p.Name + ` serve 127.0.0.1:8001
  curl -d '{"hello": "world"}' http://127.0.0.1:8001/api/v0/echo/read

  ` + p.Name + ` serve :80 --log json --access-log     # for machines to read
  APIPHANT_TIMEOUT=5s ` + p.Name + " serve [::1]:0",
		Args: Arguments("HOST:PORT"),
		RunE: func(command *cobra.Command, args []string) error {
			if err := settings.Check(); err != nil {
				return err
			}
			if _, err := server.ParseAddress(args[0]); err != nil {
				return UsageError{err}
			}
			return p.serve(command.Context(), args[0], settings, command.ErrOrStderr())
		},
	}
	settings.AddFlags(command.Flags())
	return command
}

// serve listens before it calls Start, so that a port which is taken does not
// start anything, and a client that comes during Start waits and is not refused.
func (p Product) serve(ctx context.Context, address string, settings *Settings, stderr io.Writer) (err error) {
	defer easeCollector(settings.LowMemory)()
	succession := p.succession()
	ctx, end := untilSignal(ctx, succession == nil)
	defer end(nil)

	if err := p.check(settings); err != nil {
		return err
	}
	certificate, err := settings.certificate()
	if err != nil {
		return err
	}
	successor := isSuccessor()
	ln, err := server.Listen(address)
	if err != nil {
		return err
	}
	defer ln.Close()

	log, err := openLog(settings.Log, settings.LogFile, stderr)
	if err != nil {
		return err
	}
	defer log.Close()
	ctx = apiphant.WithLog(ctx, Slog(log.Logger))
	door := settings.server(p.API, log)
	door.Certificate = certificate
	admin, err := p.openAdmin(ctx, settings.Admin, successor, door, log)
	if err != nil {
		return err
	}
	defer admin.Close()
	ctx, stored, err := p.openDatabase(ctx, settings.Database, settings.Migrate, Slog(log.Logger))
	if err != nil {
		return err
	}
	defer stored.Close()
	p.announce(settings, ln.Addr(), log)
	admin.announced()
	if err := p.start(ctx); err != nil {
		return err
	}
	defer func() {
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), settings.Drain+time.Second)
		defer cancel()
		err = errors.Join(err, p.stop(ending))
	}()
	p.API.Timeout = offIfZero(settings.Timeout)
	p.API.Strict = p.API.Strict || settings.Strict // a product may say it itself
	admin.isReady(stored)
	defer succession.await(ctx, ln, log.Logger, end)()
	return door.Serve(ctx, ln)
}

// check tells what in the product can't be served.
func (p Product) check(settings *Settings) error {
	if len(settings.AllowOrigins) > 0 {
		p.API.AllowOrigins = settings.AllowOrigins
	}
	if err := p.API.Check(); err != nil {
		return err
	}
	if len(p.API.Routes()) == 0 {
		return fmt.Errorf("nothing to serve: write a function Create, Read, Update or Delete in a folder such as %s/api/v0/echo", p.Name)
	}
	return nil
}

// openAdmin lets the door count, and answers at an address; "" is none, and nil.
func (p Product) openAdmin(ctx context.Context, address string, successor bool, door *server.Server, log *logs) (*admin, error) {
	if address == "" {
		return nil, nil
	}
	door.Metrics = server.NewMetrics(p.API)
	admin := newAdmin(ctx, p.Name, log.Logger, door.Metrics, log)
	return admin, admin.listen(address, successor)
}

func (s *Settings) certificate() (*server.Certificate, error) {
	if s.TLSCert == "" {
		return nil, nil
	}
	return server.LoadCertificate(s.TLSCert, s.TLSKey)
}

// announce writes the first line, which says what is served, and where: first
// also before what the product's Start logs, so that a program can read there
// which port was taken. Who connects during Start waits.
func (p Product) announce(settings *Settings, address net.Addr, log *logs) {
	source := filepath.Join(settings.Source, "api")
	if settings.Source == "" {
		source = filepath.Join(p.Name, "api")
	}
	scheme := "http"
	if settings.TLSCert != "" {
		scheme = "https"
	}
	log.first(fmt.Sprintf("Apiphant is serving %s at %s://%s%s", source, scheme, address, apiphant.PathPrefix))
}

func (s *Settings) server(api *apiphant.API, log *logs) *server.Server {
	door := &server.Server{
		API:            api,
		Log:            Slog(log.Logger),
		MaxBody:        int64(s.MaxBody),
		MaxUpload:      int64(s.MaxUpload),
		MaxHeader:      int(s.MaxHeader),
		TrustedProxies: s.TrustedProxies,
		HeaderTimeout:  s.HeaderTimeout,
		IdleTimeout:    s.IdleTimeout,
		DrainWindow:    offIfZero(s.DrainWindow),
		Drain:          offIfZero(s.Drain),

		MaxConnections:           offIfZero(s.MaxConnections),
		MaxConnectionsPerAddress: s.MaxConnectionsPerAddress,
		MaxRunning:               offIfZero(s.MaxRunning),
		BodyMemory:               int64(s.BodyMemory),
		LowMemory:                s.LowMemory,
	}
	if s.AccessLog {
		access := &accessLog{json: s.Log == LogJSON, output: log.output}
		door.AccessLog = access.write
	}
	return door
}

// offIfZero turns the flags' way of saying "none" into the structs', where 0 is
// the default.
func offIfZero[N int | time.Duration](n N) N {
	if n == 0 {
		return -1
	}
	return n
}
