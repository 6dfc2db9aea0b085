package serve

import (
	"context"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/internal/address"
	"github.com/apiphant/apiphant/internal/command"
	"github.com/apiphant/apiphant/program"
)

// Door is the command serve, which serves a product's API over HTTP.
type Door struct {
	successorTimeout time.Duration // how long a successor may take to be ready; 0: the constant of the same name
}

// Command implements [program.Door].
func (d Door) Command(p program.Product) *cobra.Command {
	settings := &Settings{}
	serve := &cobra.Command{
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

IPv6 is written [::1]:8001. Port 0 takes a free port. The log names the address once
requests are answered there, which is when the product's Start has returned. Before,
clients are refused, so that a proxy asks another process. A listener that is handed over (LISTEN_FDS, as systemd's socket
activation does) is served in place of HOST:PORT, and clients wait in its queue. The service manager hears when
the program is ready, ends, and, for its watchdog, lives (sd_notify). /healthz
answers 200, and 503 while the program ends. SIGUSR1 opens the file of --log-file
anew.

Sizes are bytes, or have a unit: 65536, 64KiB, 1MiB. Durations have one always:
500ms, 30s, 2m.

Every flag can be set by the environment variable named after it; a flag comes before
its variable, a variable before the default. A variable with _FILE at its name's
end names a file that has the value: APIPHANT_DATABASE_FILE=/run/secrets/database.`,
		Example: "  " + p.Name + ` serve 127.0.0.1:8001
  curl -d '{"hello": "world"}' http://127.0.0.1:8001/api/v0/echo/read

  ` + p.Name + ` serve :80 --log json --access-log     # for machines to read
  APIPHANT_TIMEOUT=5s ` + p.Name + " serve [::1]:0",
		Args: command.Arguments("HOST:PORT"),
		RunE: func(running *cobra.Command, args []string) error {
			if err := settings.Check(); err != nil {
				return err
			}
			at, err := address.Parse(args[0])
			if err != nil {
				return command.UsageError{Err: err}
			}
			return d.serve(running.Context(), p, at, settings, running.ErrOrStderr())
		},
	}
	settings.AddFlags(serve.Flags())
	return serve
}

// serve opens the log first, so that it has the reason of whatever fails from then
// on.
func (d Door) serve(ctx context.Context, p program.Product, hostPort string, settings *Settings, stderr io.Writer) (err error) {
	defer easeCollector(settings.LowMemory)()
	succession := d.succession()
	ctx, end := command.UntilSignal(ctx, succession == nil)
	defer end(nil)

	log, err := settings.Log.Open(ctx, stderr)
	if err != nil {
		return err
	}
	defer func() { err = log.Close(err) }()
	defer log.TakeOver()()
	ctx = apiphant.WithLog(ctx, log.Logger)
	s := &session{Product: p, settings: settings, log: log}
	if err := s.open(ctx, hostPort); err != nil {
		return err
	}
	defer s.close()
	return s.run(ctx, func(ctx context.Context) (wait func()) {
		return succession.await(ctx, s.listener, log.Logger, end)
	})
}
