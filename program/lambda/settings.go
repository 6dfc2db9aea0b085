package lambda

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/internal/command"
	"github.com/apiphant/apiphant/internal/logging"
	"github.com/apiphant/apiphant/lambda"
)

// Settings are the flags of the command lambda. Those that the command serve has, too,
// mean the same there.
type Settings struct {
	Log           string // logging.JSON or logging.Text
	AccessLog     bool
	Strict        bool
	AcceptGzip    bool
	Timeout       time.Duration
	StreamTimeout time.Duration
	Streams       bool // answers are streamed
	MaxBody       command.Size
	AllowOrigins  []string
	Hosts         []string
	Workers       int

	Database string // its URL; "": none
	Migrate  bool
}

// AddFlags adds the flags that fill s, with their defaults.
func (s *Settings) AddFlags(flags *pflag.FlagSet) {
	s.MaxBody = lambda.DefaultMaxBody
	flags.StringVar(&s.Log, "log", logging.JSON, "the `form` of the log: text for people, json for machines")
	flags.BoolVar(&s.AccessLog, "access-log", false, "log a line for each request")
	flags.BoolVar(&s.Strict, "strict", false, "refuse JSON with duplicate keys, and unknown fields in typed requests")
	flags.BoolVar(&s.AcceptGzip, "accept-gzip", false, "take requests that are compressed with gzip; what they are decoded to has the bounds of requests")
	flags.DurationVar(&s.Timeout, "timeout", apiphant.DefaultTimeout, "how long a call may take until its context ends; 0: until half a second before Lambda ends the function, as all may at most")
	flags.DurationVar(&s.StreamTimeout, "stream-timeout", 0, "the same for a call that streams rows")
	flags.BoolVar(&s.Streams, "response-stream", false, "stream the answers to requests at the function's URL, whose invoke mode must be RESPONSE_STREAM then, and must not be else: no event tells it")
	flags.Var(&s.MaxBody, "max-body", "how large a JSON request may be; Lambda takes 6 MB at most")
	flags.StringSliceVar(&s.AllowOrigins, "allow-origin", nil, "the `sites` whose pages may call, too: https://app.example.com, https://*.example.com or *")
	flags.StringSliceVar(&s.Hosts, "hosts", nil, "the `hosts` that requests may ask for, others are refused: api.example.com, *.example.com; by default any")
	flags.IntVar(&s.Workers, "workers", lambda.DefaultConcurrency, "how many messages of one event of a queue are worked on at once")
	command.AddDatabaseFlags(flags, &s.Database, &s.Migrate)
	command.ShowEnvironment(flags)
}

// Check returns a [command.UsageError] for a value that is out of its range.
func (s *Settings) Check() error {
	if err := (&logging.Settings{Form: s.Log}).Check(); err != nil {
		return err
	}
	if err := (&apiphant.API{AllowOrigins: s.AllowOrigins}).Check(); err != nil {
		return command.UsageError{Err: fmt.Errorf("--allow-origin: %w", err)}
	}
	switch {
	case s.Timeout < 0:
		return command.UsageError{Err: fmt.Errorf("--timeout is %s: want 0 or more", s.Timeout)}
	case s.StreamTimeout < 0:
		return command.UsageError{Err: fmt.Errorf("--stream-timeout is %s: want 0 or more", s.StreamTimeout)}
	case s.Workers < 1 || s.Workers > 10_000:
		return command.UsageError{Err: fmt.Errorf("--workers is %d: want 1 to 10000", s.Workers)}
	}
	return nil
}

// apply makes the settings those of the API. What the product has set itself stays,
// where nothing else is asked for.
func (s *Settings) apply(api *apiphant.API) {
	if len(s.AllowOrigins) > 0 {
		api.AllowOrigins = s.AllowOrigins
	}
	if len(s.Hosts) > 0 {
		api.Hosts = s.Hosts
	}
	api.Timeout, api.StreamTimeout = command.OffIfZero(s.Timeout), s.StreamTimeout
	api.Strict = api.Strict || s.Strict
	api.AcceptGzip = api.AcceptGzip || s.AcceptGzip
}

// meaningless returns those variables of the environment that set something of the
// commands serve and background, and nothing here: Lambda has no connections of ours,
// and decides itself how much runs, for how long, and where the log goes.
func meaningless() (set []string) {
	for name := range strings.FieldsSeq("LOG_FILE DRAIN DRAIN_WINDOW MAX_UPLOAD MAX_HEADER HEADER_TIMEOUT IDLE_TIMEOUT " +
		"TRUSTED_PROXIES TLS_CERT TLS_KEY MAX_CONNECTIONS MAX_CONNECTIONS_PER_ADDRESS MAX_RUNNING BODY_MEMORY LOW_MEMORY " +
		"ADMIN SOURCE ONCE LIST MIGRATE") {
		for _, end := range []string{"", "_FILE"} {
			if variable := "APIPHANT_" + name + end; os.Getenv(variable) != "" {
				set = append(set, variable)
			}
		}
	}
	return set
}
