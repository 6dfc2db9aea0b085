package serve

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/internal/accesslog"
	"github.com/apiphant/apiphant/internal/admin"
	"github.com/apiphant/apiphant/internal/command"
	"github.com/apiphant/apiphant/internal/logging"
	"github.com/apiphant/apiphant/server"
)

// Settings are the flags of the command serve.
type Settings struct {
	Log            logging.Settings
	AccessLog      bool
	Strict         bool
	AcceptGzip     bool
	Timeout        time.Duration
	StreamTimeout  time.Duration
	Drain          time.Duration
	DrainWindow    DrainWindow
	MaxBody        command.Size
	MaxUpload      command.Size
	MaxHeader      command.Size
	HeaderTimeout  time.Duration
	IdleTimeout    time.Duration
	AllowOrigins   []string
	Hosts          []string
	TrustedProxies command.Networks
	TLSCert        string // "": plain HTTP
	TLSKey         string

	MaxConnections           int
	MaxConnectionsPerAddress int
	MaxRunning               int
	BodyMemory               command.Size
	LowMemory                bool

	Database string // the URL of the one in which actions enqueue jobs; "": none
	Migrate  bool   // bring its tables up to date first
	Admin    string // HOST:PORT; "": none
	Source   string // the folder that the program was built from; "": not known
}

// AddFlags adds the flags that fill s, with their defaults.
func (s *Settings) AddFlags(flags *pflag.FlagSet) {
	s.MaxBody, s.MaxUpload, s.MaxHeader = server.DefaultMaxBody, server.DefaultMaxUpload, server.DefaultMaxHeader
	s.BodyMemory = server.DefaultBodyMemory
	s.Log.AddFlags(flags)
	flags.BoolVar(&s.AccessLog, "access-log", false, "log a line for each request")
	flags.BoolVar(&s.Strict, "strict", false, "refuse JSON with duplicate keys, and unknown fields in typed requests")
	flags.BoolVar(&s.AcceptGzip, "accept-gzip", false, "take requests that are compressed with gzip; what they are decoded to has the bounds of requests")
	flags.DurationVar(&s.Timeout, "timeout", apiphant.DefaultTimeout, "how long a call may take until its context ends; 0: for ever")
	flags.DurationVar(&s.StreamTimeout, "stream-timeout", 0, "how long a call that streams rows may take until its context ends; 0: for ever")
	flags.DurationVar(&s.Drain, "drain", server.DefaultDrain, "how long running calls may take to finish when the program ends; 0: not at all")
	s.DrainWindow = DrainWindow{Duration: server.DefaultDrainWindow}
	flags.Var(&s.DrainWindow, "drain-window", "how long requests are still taken when the program ends, also new connections; the default ends with the last connection; 0: not at all")
	flags.Var(&s.MaxBody, "max-body", "how large a JSON request may be")
	flags.Var(&s.MaxUpload, "max-upload", "how large a raw request, which streams, or one with files may be")
	flags.Var(&s.MaxHeader, "max-header", "how large a request's line and headers may be together")
	flags.DurationVar(&s.HeaderTimeout, "header-timeout", server.DefaultHeaderTimeout, "how long a request's headers may take to come, from their first byte")
	flags.DurationVar(&s.IdleTimeout, "idle-timeout", server.DefaultIdleTimeout, "how long a connection may wait for its first request, and for its next")
	flags.StringSliceVar(&s.AllowOrigins, "allow-origin", nil, "the `sites` whose pages may call, too: https://app.example.com, https://*.example.com or *")
	flags.StringSliceVar(&s.Hosts, "hosts", nil, "the `hosts` that requests may ask for, others are refused: api.example.com, *.example.com, 127.0.0.1, with a port or without; by default any, and at --admin only its own")
	flags.Var(&s.TrustedProxies, "trusted-proxies", "the proxies that are believed about who asks (X-Forwarded-For, -Host, -Proto): 127.0.0.1,10.0.0.0/8")
	flags.StringVar(&s.TLSCert, "tls-cert", "", "serve HTTPS with the certificate in this `FILE`, PEM with all up to the root; read again when it changes")
	flags.StringVar(&s.TLSKey, "tls-key", "", "the certificate's key is in this `FILE`")
	flags.IntVar(&s.MaxConnections, "max-connections", server.DefaultMaxConnections, "how many connections may be open, and never more than there are file descriptors for (ulimit -n); 0: only that")
	flags.IntVar(&s.MaxConnectionsPerAddress, "max-connections-per-address", 0, "how many connections one address, or one /64 of IPv6, may open; 0: any number")
	flags.IntVar(&s.MaxRunning, "max-running", server.DefaultMaxRunning, "how many requests may run at once; 0: any number")
	flags.Var(&s.BodyMemory, "body-memory", "how much memory the bodies of JSON requests may take together, compressed ones as they are decoded, and large answers")
	flags.BoolVar(&s.LowMemory, "low-memory", false, "let idle connections give back their memory at once, for a little more time per request")
	command.AddDatabaseFlags(flags, &s.Database, &s.Migrate)
	admin.AddFlag(flags, &s.Admin)
	flags.StringVar(&s.Source, "source", "", "the folder that the program was built from")
	_ = flags.MarkHidden("source")
	command.ShowEnvironment(flags)
}

// Check returns a [command.UsageError] for a value that is out of its range.
func (s *Settings) Check() error {
	if err := errors.Join(s.Log.Check(), admin.Check(s.Admin, s.Hosts)); err != nil {
		return err
	}
	if err := (&apiphant.API{AllowOrigins: s.AllowOrigins}).Check(); err != nil {
		return command.UsageError{Err: fmt.Errorf("--allow-origin: %w", err)}
	}
	if (s.TLSCert == "") != (s.TLSKey == "") {
		return command.UsageError{Err: errors.New("--tls-cert and --tls-key belong together: want both or neither")}
	}
	for _, setting := range []struct {
		flag     string
		value    time.Duration
		positive bool
	}{
		{"timeout", s.Timeout, false},
		{"stream-timeout", s.StreamTimeout, false},
		{"drain", s.Drain, false},
		{"drain-window", s.DrainWindow.Duration, false},
		{"header-timeout", s.HeaderTimeout, true},
		{"idle-timeout", s.IdleTimeout, true},
	} {
		switch {
		case setting.value < 0 && !setting.positive:
			return command.UsageError{Err: fmt.Errorf("--%s is %s: want 0 or more", setting.flag, setting.value)}
		case setting.value <= 0 && setting.positive:
			return command.UsageError{Err: fmt.Errorf("--%s is %s: want more than 0", setting.flag, setting.value)}
		}
	}
	for _, setting := range []struct {
		flag  string
		value int
	}{
		{"max-connections", s.MaxConnections},
		{"max-connections-per-address", s.MaxConnectionsPerAddress},
		{"max-running", s.MaxRunning},
	} {
		if setting.value < 0 {
			return command.UsageError{Err: fmt.Errorf("--%s is %d: want 0 or more", setting.flag, setting.value)}
		}
	}
	return nil
}

func (s *Settings) certificate() (*server.Certificate, error) {
	if s.TLSCert == "" {
		return nil, nil
	}
	return server.LoadCertificate(s.TLSCert, s.TLSKey)
}

func (s *Settings) server(api *apiphant.API, log *logging.Log) *server.Server {
	made := &server.Server{
		API:            api,
		Log:            log.Logger,
		MaxBody:        int64(s.MaxBody),
		MaxUpload:      int64(s.MaxUpload),
		MaxHeader:      int(s.MaxHeader),
		TrustedProxies: s.TrustedProxies,
		HeaderTimeout:  s.HeaderTimeout,
		IdleTimeout:    s.IdleTimeout,
		DrainWindow:    s.DrainWindow.field(),
		Drain:          command.OffIfZero(s.Drain),

		MaxConnections:           command.OffIfZero(s.MaxConnections),
		MaxConnectionsPerAddress: s.MaxConnectionsPerAddress,
		MaxRunning:               command.OffIfZero(s.MaxRunning),
		BodyMemory:               int64(s.BodyMemory),
		LowMemory:                s.LowMemory,
	}
	if s.AccessLog {
		made.AccessLog = accessLog(log)
	}
	return made
}

func accessLog(log *logging.Log) func(*server.Access) {
	lines := &accesslog.Log{To: log}
	return func(access *server.Access) { lines.Write((*accesslog.Entry)(access)) }
}
