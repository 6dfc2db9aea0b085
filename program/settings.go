package program

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server"
)

// Settings are what can be set of a program that serves. Each is a flag and an
// environment variable: --max-body is APIPHANT_MAX_BODY.
type Settings struct {
	Log            string
	LogFile        string // "": standard error
	AccessLog      bool
	Strict         bool
	Timeout        time.Duration
	Drain          time.Duration
	DrainWindow    time.Duration
	MaxBody        Size
	MaxUpload      Size
	MaxHeader      Size
	HeaderTimeout  time.Duration
	IdleTimeout    time.Duration
	AllowOrigins   []string
	TrustedProxies Networks
	TLSCert        string // "": plain HTTP
	TLSKey         string
	Database       string // where actions enqueue jobs; "": nowhere
	Migrate        bool   // bring its tables up to date at the start
	Admin          string // HOST:PORT; "": nowhere
	Source         string // the folder that the program was built from; "": not known
}

// AddFlags adds the flags that fill s, with their defaults.
func (s *Settings) AddFlags(flags *pflag.FlagSet) {
	s.MaxBody, s.MaxUpload, s.MaxHeader = server.DefaultMaxBody, server.DefaultMaxUpload, server.DefaultMaxHeader
	addLogFlags(flags, &s.Log, &s.LogFile)
	flags.BoolVar(&s.AccessLog, "access-log", false, "log a line for each request")
	flags.BoolVar(&s.Strict, "strict", false, "refuse JSON with duplicate keys, and unknown fields in typed requests")
	flags.DurationVar(&s.Timeout, "timeout", apiphant.DefaultTimeout, "how long a call may take until its context ends; 0: for ever")
	flags.DurationVar(&s.Drain, "drain", server.DefaultDrain, "how long running calls may take to finish when the program ends; 0: not at all")
	flags.DurationVar(&s.DrainWindow, "drain-window", server.DefaultDrainWindow, "how long requests are still taken when the program ends; 0: not at all")
	flags.Var(&s.MaxBody, "max-body", "how large a JSON request may be")
	flags.Var(&s.MaxUpload, "max-upload", "how large a raw request, which streams, may be")
	flags.Var(&s.MaxHeader, "max-header", "how large a request's line and headers may be together")
	flags.DurationVar(&s.HeaderTimeout, "header-timeout", server.DefaultHeaderTimeout, "how long a request's headers may take to come")
	flags.DurationVar(&s.IdleTimeout, "idle-timeout", server.DefaultIdleTimeout, "how long a connection may wait for its next request")
	flags.StringSliceVar(&s.AllowOrigins, "allow-origin", nil, "the `sites` whose pages may call, too: https://app.example.com, https://*.example.com or *")
	flags.Var(&s.TrustedProxies, "trusted-proxies", "the proxies that are believed about who asks (X-Forwarded-For, -Host, -Proto): 127.0.0.1,10.0.0.0/8")
	flags.StringVar(&s.TLSCert, "tls-cert", "", "serve HTTPS with the certificate in this `FILE`, PEM with all up to the root; read again when it changes")
	flags.StringVar(&s.TLSKey, "tls-key", "", "the certificate's key is in this `FILE`")
	addDatabaseFlags(flags, &s.Database, &s.Migrate)
	addAdminFlag(flags, &s.Admin)
	flags.StringVar(&s.Source, "source", "", "the folder that the program was built from")
	_ = flags.MarkHidden("source")
	ShowEnvironment(flags)
}

// Check returns a [UsageError] for values that can't be.
func (s *Settings) Check() error {
	if err := errors.Join(checkLogForm(s.Log), checkAdmin(s.Admin)); err != nil {
		return err
	}
	if err := (&apiphant.API{AllowOrigins: s.AllowOrigins}).Check(); err != nil {
		return UsageError{fmt.Errorf("--allow-origin: %w", err)}
	}
	if (s.TLSCert == "") != (s.TLSKey == "") {
		return UsageError{errors.New("--tls-cert and --tls-key belong together: want both or neither")}
	}
	for _, setting := range []struct {
		flag     string
		value    time.Duration
		positive bool
	}{
		{"timeout", s.Timeout, false},
		{"drain", s.Drain, false},
		{"drain-window", s.DrainWindow, false},
		{"header-timeout", s.HeaderTimeout, true},
		{"idle-timeout", s.IdleTimeout, true},
	} {
		switch {
		case setting.value < 0 && !setting.positive:
			return UsageError{fmt.Errorf("--%s is %s: want 0 or more", setting.flag, setting.value)}
		case setting.value <= 0 && setting.positive:
			return UsageError{fmt.Errorf("--%s is %s: want more than 0", setting.flag, setting.value)}
		}
	}
	return nil
}
