package serve_test

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/apiphant/apiphant/internal/command"
	"github.com/apiphant/apiphant/internal/logging"
	"github.com/apiphant/apiphant/program/serve"
)

// set returns the settings that a command gets of its arguments and its
// environment, and the command's exit status and standard error.
func set(t *testing.T, environment, args []string) (serve.Settings, int, string) {
	t.Helper()
	for _, variable := range environment {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	var settings serve.Settings
	cmd := &cobra.Command{Use: "command", RunE: func(*cobra.Command, []string) error { return settings.Check() }}
	settings.AddFlags(cmd.Flags())
	var stderr bytes.Buffer
	status := command.Execute(t.Context(), cmd, args, &stderr, &stderr)
	return settings, status, stderr.String()
}

var defaults = serve.Settings{
	Log: logging.Settings{Form: "text"}, Timeout: 30 * time.Second, Drain: 30 * time.Second, DrainWindow: serve.DrainWindow{Duration: time.Second},
	MaxBody: 1 << 20, MaxUpload: 1 << 30, MaxHeader: 8 << 10, HeaderTimeout: 5 * time.Second, IdleTimeout: 75 * time.Second, Migrate: true,
	MaxConnections: 65536, MaxRunning: 10_000, BodyMemory: 256 << 20,
}

// all are settings of which none is the default.
func all(s *serve.Settings) {
	*s = serve.Settings{Log: logging.Settings{Form: "json"}, AccessLog: true, Strict: true, AcceptGzip: true, Timeout: time.Second, DrainWindow: serve.DrainWindow{Duration: 3 * time.Second, IsSet: true}, MaxBody: 4,
		MaxUpload: 5 << 10, MaxHeader: 6 << 20, HeaderTimeout: 7 * time.Millisecond, IdleTimeout: 8 * time.Minute, Migrate: true, Source: "/x",
		MaxConnections: 9, MaxConnectionsPerAddress: 10, MaxRunning: 11, BodyMemory: 12, LowMemory: true,
		Hosts:        []string{"a.example", "*.b.example:81", "::1"},
		AllowOrigins: []string{"https://a.example", "https://b.example", "https://*.c.example"}, TLSCert: "c.pem", TLSKey: "k.pem",
		TrustedProxies: command.Networks{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("192.0.2.1/32")}}
}

func TestSettings(t *testing.T) {
	tests := []struct {
		name        string
		environment []string
		args        []string
		want        func(*serve.Settings)
	}{
		{"defaults", nil, nil, func(*serve.Settings) {}},
		{"all flags", nil, strings.Fields("--log json --access-log --strict --accept-gzip --timeout 1s --drain 0 --drain-window 3s --max-body 4 --max-upload 5KiB --max-header 6MiB --header-timeout 7ms --idle-timeout 8m --source /x " +
			"--allow-origin https://a.example,https://b.example --allow-origin https://*.c.example --trusted-proxies 10.1.2.3/8,::1 --trusted-proxies 192.0.2.1 --tls-cert c.pem --tls-key k.pem " +
			"--hosts a.example,*.b.example:81 --hosts ::1 --max-connections 9 --max-connections-per-address 10 --max-running 11 --body-memory 12 --low-memory"), all},
		{"all variables", strings.Fields("APIPHANT_LOG=json APIPHANT_ACCESS_LOG=true APIPHANT_STRICT=true APIPHANT_ACCEPT_GZIP=true APIPHANT_TIMEOUT=1s APIPHANT_DRAIN=0 APIPHANT_DRAIN_WINDOW=3s APIPHANT_MAX_BODY=4 " +
			"APIPHANT_MAX_UPLOAD=5KiB APIPHANT_MAX_HEADER=6MiB APIPHANT_HEADER_TIMEOUT=7ms APIPHANT_IDLE_TIMEOUT=8m APIPHANT_SOURCE=/x " +
			"APIPHANT_ALLOW_ORIGIN=https://a.example,https://b.example,https://*.c.example APIPHANT_TRUSTED_PROXIES=10.1.2.3/8,::1,192.0.2.1 APIPHANT_TLS_CERT=c.pem APIPHANT_TLS_KEY=k.pem " +
			"APIPHANT_HOSTS=a.example,*.b.example:81,::1 APIPHANT_MAX_CONNECTIONS=9 APIPHANT_MAX_CONNECTIONS_PER_ADDRESS=10 APIPHANT_MAX_RUNNING=11 APIPHANT_BODY_MEMORY=12 APIPHANT_LOW_MEMORY=true"), nil, all},
		{"flag before variable", []string{"APIPHANT_TIMEOUT=1s", "APIPHANT_ACCESS_LOG=1"}, []string{"--timeout=2s", "--access-log=false"},
			func(s *serve.Settings) { s.Timeout = 2 * time.Second }},
		{"flag with the default's value before variable", []string{"APIPHANT_TIMEOUT=1s"}, []string{"--timeout=30s"}, func(*serve.Settings) {}},
		{"flag before a variable that is wrong", []string{"APIPHANT_TIMEOUT=soon"}, []string{"--timeout=2s"}, func(s *serve.Settings) { s.Timeout = 2 * time.Second }},
		{"variable before default", []string{"APIPHANT_TIMEOUT=1s"}, nil, func(s *serve.Settings) { s.Timeout = time.Second }},
		{"empty variable", []string{"APIPHANT_TIMEOUT="}, nil, func(*serve.Settings) {}},
		{"variables that are none", []string{"APIPHANT_HELP=1", "APIPHANT_NOTHING=1", "TIMEOUT=1s"}, nil, func(*serve.Settings) {}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := defaults
			tt.want(&want)
			got, status, stderr := set(t, tt.environment, tt.args)
			if status != command.ExitOK || stderr != "" {
				t.Errorf("got %d and %s", status, stderr)
			}
			if difference := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); difference != "" {
				t.Error(difference)
			}
		})
	}
}

func TestSettingsThatAreWrong(t *testing.T) {
	tests := []struct{ environment, args, want string }{
		{"", "--log xml", `command: --log is "xml": want text or json`},
		{"", "--timeout 5", `command: invalid argument "5" for "--timeout" flag: time: missing unit in duration "5"`},
		{"", "--timeout -1s", `command: --timeout is -1s: want 0 or more`},
		{"", "--drain -1s --drain-window -2s", `command: --drain is -1s: want 0 or more`},
		{"", "--header-timeout 0", `command: --header-timeout is 0s: want more than 0`},
		{"", "--idle-timeout 0 --header-timeout 0", `command: --header-timeout is 0s: want more than 0`},
		{"", "--max-connections -1", `command: --max-connections is -1: want 0 or more`},
		{"", "--max-connections-per-address -1", `command: --max-connections-per-address is -1: want 0 or more`},
		{"", "--max-running -1", `command: --max-running is -1: want 0 or more`},
		{"", "--max-body 0", `command: invalid argument "0" for "--max-body" flag: want a size of at least 1, such as 65536, 64KiB or 1MiB`},
		{"", "--allow-origin app.example.com", `command: --allow-origin: origin "app.example.com": want SCHEME://HOST and nothing after it, such as "https://app.example.com" or "https://*.example.com"; or "*"`},
		{"", "--allow-origin https://*.com", `command: --allow-origin: origin "https://*.com": anybody can have a name below com: name your own, such as *.example.com`},
		{"", "--hosts https://a.example", `command: --hosts: host "https://a.example": want a name, "*.example.com" or an address, with :PORT or without; or "*"`},
		{"", "--trusted-proxies 10.0.0.0/8,all", `command: invalid argument "10.0.0.0/8,all" for "--trusted-proxies" flag: want addresses or networks with commas between them, such as 127.0.0.1,10.0.0.0/8,2001:db8::/32, got "all"`},
		{"APIPHANT_TRUSTED_PROXIES=10.0.0.0/33", "", `command: APIPHANT_TRUSTED_PROXIES is "10.0.0.0/33": want addresses or networks with commas between them, such as 127.0.0.1,10.0.0.0/8,2001:db8::/32, got "10.0.0.0/33"`},
		{"", "--tls-cert c.pem", `command: --tls-cert and --tls-key belong together: want both or neither`},
		{"APIPHANT_TLS_KEY=k.pem", "", `command: --tls-cert and --tls-key belong together: want both or neither`},
		{"", "--nothing", `command: unknown flag: --nothing`},
		{"", "--timeout", `command: flag needs an argument: --timeout`},
		{"APIPHANT_MAX_BODY=much", "", `command: APIPHANT_MAX_BODY is "much": want a size of at least 1, such as 65536, 64KiB or 1MiB`},
		{"APIPHANT_ACCESS_LOG=maybe", "", `command: APIPHANT_ACCESS_LOG is "maybe": strconv.ParseBool: parsing "maybe": invalid syntax`},
	}
	for _, tt := range tests {
		t.Run(tt.environment+tt.args, func(t *testing.T) {
			_, status, got := set(t, strings.Fields(tt.environment), strings.Fields(tt.args))
			want := tt.want + "\nusage: command [flags]\n       command --help says more\n"
			if difference := cmp.Diff(want, got); status != command.ExitUsage || difference != "" {
				t.Errorf("got status %d, want %d\n%s", status, command.ExitUsage, difference)
			}
		})
	}
}

// TestHelpNamesEverySetting by its flag and its variable, with its default.
func TestHelpNamesEverySetting(t *testing.T) {
	_, status, help := set(t, nil, []string{"--help"})
	for _, want := range []string{
		`--log form .* \[APIPHANT_LOG\] \(default "text"\)`,
		`--access-log .* \[APIPHANT_ACCESS_LOG\]$`,
		`--timeout duration .* \[APIPHANT_TIMEOUT\] \(default 30s\)`,
		`--drain duration .* \[APIPHANT_DRAIN\] \(default 30s\)`,
		`--drain-window duration .* \[APIPHANT_DRAIN_WINDOW\] \(default 1s\)`,
		`--accept-gzip .* \[APIPHANT_ACCEPT_GZIP\]$`,
		`--max-body size .* \[APIPHANT_MAX_BODY\] \(default 1MiB\)`,
		`--max-upload size .* \[APIPHANT_MAX_UPLOAD\] \(default 1GiB\)`,
		`--max-header size .* \[APIPHANT_MAX_HEADER\] \(default 8KiB\)`,
		`--header-timeout duration .* \[APIPHANT_HEADER_TIMEOUT\] \(default 5s\)`,
		`--idle-timeout duration .* \[APIPHANT_IDLE_TIMEOUT\] \(default 1m15s\)`,
		`--allow-origin sites .* \[APIPHANT_ALLOW_ORIGIN\]$`,
		`--hosts hosts .* \[APIPHANT_HOSTS\]$`,
		`--trusted-proxies networks .* \[APIPHANT_TRUSTED_PROXIES\]$`,
		`--tls-cert FILE .* \[APIPHANT_TLS_CERT\]$`,
		`--tls-key FILE .* \[APIPHANT_TLS_KEY\]$`,
		`--max-connections int .* \[APIPHANT_MAX_CONNECTIONS\] \(default 65536\)`,
		`--max-connections-per-address int .* \[APIPHANT_MAX_CONNECTIONS_PER_ADDRESS\]$`,
		`--max-running int .* \[APIPHANT_MAX_RUNNING\] \(default 10000\)`,
		`--body-memory size .* \[APIPHANT_BODY_MEMORY\] \(default 256MiB\)`,
		`--low-memory .* \[APIPHANT_LOW_MEMORY\]$`,
	} {
		wantMatch(t, "(?m)^ +"+want, help)
	}
	if status != command.ExitOK || strings.Contains(help, "--source") {
		t.Errorf("got %d and %s", status, help)
	}
}

func TestSize(t *testing.T) {
	tests := []struct {
		text string
		want int64 // 0: an error
		back string
	}{
		{"1", 1, "1"}, {"1000", 1000, "1KB"}, {"1024", 1024, "1KiB"}, {"1KiB", 1024, "1KiB"}, {"1536", 1536, "1536"},
		{"2MiB", 2 << 20, "2MiB"}, {"3GiB", 3 << 30, "3GiB"}, {"5MB", 5e6, "5MB"}, {"7GB", 7e9, "7GB"}, {"9B", 9, "9"},
		{"8589934591GiB", 8589934591 << 30, "8589934591GiB"},
		{"8589934592GiB", 0, ""}, {"", 0, ""}, {"0", 0, ""}, {"-1", 0, ""}, {"KiB", 0, ""}, {"1.5MiB", 0, ""}, {"1mib", 0, ""},
		{"1 MiB", 0, ""}, {"1TiB", 0, ""}, {"1BB", 0, ""}, {"9223372036854775808", 0, ""},
	}
	for _, tt := range tests {
		var size command.Size
		err := size.Set(tt.text)
		if int64(size) != tt.want || (err == nil) != (tt.want > 0) || err == nil && size.String() != tt.back {
			t.Errorf("%q: got %d, %q, %v, want %d, %q", tt.text, size, size.String(), err, tt.want, tt.back)
		}
	}
}
