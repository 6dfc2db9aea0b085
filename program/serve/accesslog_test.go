package serve_test

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/apiphant/apiphant/internal/logging"
	"github.com/apiphant/apiphant/program/serve"
	"github.com/apiphant/apiphant/server"
)

func access() *server.Access {
	return &server.Access{
		Time: time.Now(), Method: []byte("POST"), Path: []byte("/api/v0/echo/read"), Status: 200, Sent: 17, Received: 17,
		Duration: 23456 * time.Nanosecond, RequestID: []byte("3b016ad3f34bc30a44d45e8eab8a40b7"),
		RemoteAddr: netip.MustParseAddrPort("127.0.0.1:54321"), UserAgent: []byte("curl/8.5.0"),
	}
}

// BenchmarkAccessLine writes lines of the access log to a file: as slog writes
// any line, and the way that they have of their own.
func BenchmarkAccessLine(b *testing.B) {
	for _, form := range []string{logging.Text, logging.JSON} {
		b.Run(form+"/slog", func(b *testing.B) {
			file, err := os.Create(filepath.Join(b.TempDir(), "log"))
			if err != nil {
				b.Fatal(err)
			}
			defer file.Close()
			log, a := logging.New(form, file), access()
			b.ReportAllocs()
			for b.Loop() {
				log.Info("access", "method", string(a.Method), "path", string(a.Path), "status", a.Status, "bytes", a.Sent,
					"duration", a.Duration, "request_id", string(a.RequestID), "remote_addr", a.RemoteAddr.String())
			}
		})
		b.Run(form+"/own", func(b *testing.B) {
			logs, err := logging.Settings{Form: form, File: filepath.Join(b.TempDir(), "log")}.Open(b.Context(), os.Stderr)
			if err != nil {
				b.Fatal(err)
			}
			defer logs.Close(nil)
			write, a := serve.AccessLog(logs), access()
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				write(a)
				if n%250 == 0 { // what nobody could write in time would cost nothing
					logs.Sync()
				}
			}
			if _, lost := logs.LeftOut(); lost > 0 {
				b.Errorf("%d of %d lines were lost", lost, b.N)
			}
		})
	}
}

// TestAccessLine: what a client sends makes no line of its own, and none that
// is too long; the line is JSON, in both forms.
func TestAccessLine(t *testing.T) {
	at := time.Date(2013, 8, 12, 13, 16, 52, 624_500_000, time.FixedZone("", 2*3600))
	tests := []struct {
		name           string
		access         server.Access
		wantText, want string
	}{
		{"plain", server.Access{Time: at, Method: []byte("POST"), Path: []byte("/api/v0/echo/read"), Status: 200, Sent: 7, Received: 5,
			Duration: 1_023_456, RequestID: []byte("x"), TraceID: "t", RemoteAddr: netip.MustParseAddrPort("[::1]:80"), UserAgent: []byte("curl")},
			`INFO [2013-08-12 13:16:52,624] access {"method":"POST","path":"/api/v0/echo/read","status":200,"bytes":7,"duration":"1.023456ms","request_id":"x","trace_id":"t","remote_addr":"[::1]:80","received":5,"user_agent":"curl"}`,
			`{"level":"info","time":"2013-08-12T13:16:52.624500+02:00","message":"access","method":"POST","path":"/api/v0/echo/read","status":200,"bytes":7,"duration":0.001023456,"request_id":"x","trace_id":"t","remote_addr":"[::1]:80","received":5,"user_agent":"curl"}`},
		{"nothing", server.Access{Time: at.UTC(), Duration: 3 * time.Second},
			`INFO [2013-08-12 11:16:52,624] access {"method":"","path":"","status":0,"bytes":0,"duration":"3s","request_id":"","remote_addr":"","received":0}`,
			`{"level":"info","time":"2013-08-12T11:16:52.624500Z","message":"access","method":"","path":"","status":0,"bytes":0,"duration":3.000000000,"request_id":"","remote_addr":"","received":0}`},
		{"refused", server.Access{Time: at.UTC(), Status: 400, Reason: "the body at offset 5: a value was expected"},
			`INFO [2013-08-12 11:16:52,624] access {"method":"","path":"","status":400,"bytes":0,"duration":"0s","request_id":"","remote_addr":"","received":0,"reason":"the body at offset 5: a value was expected"}`,
			`{"level":"info","time":"2013-08-12T11:16:52.624500Z","message":"access","method":"","path":"","status":400,"bytes":0,"duration":0.000000000,"request_id":"","remote_addr":"","received":0,"reason":"the body at offset 5: a value was expected"}`},
		{"rows", server.Access{Time: at.UTC(), Status: 200, Rows: 3, HasRows: true, Sent: 24},
			`INFO [2013-08-12 11:16:52,624] access {"method":"","path":"","status":200,"bytes":24,"rows":3,"duration":"0s","request_id":"","remote_addr":"","received":0}`,
			`{"level":"info","time":"2013-08-12T11:16:52.624500Z","message":"access","method":"","path":"","status":200,"bytes":24,"rows":3,"duration":0.000000000,"request_id":"","remote_addr":"","received":0}`},
		{"from outside", server.Access{Time: at, Path: []byte("/\"\\\n\x1b\xffä\u202e\U000e0001"), UserAgent: bytes.Repeat([]byte("é"), 200)},
			`INFO [2013-08-12 13:16:52,624] access {"method":"","path":"/\"\\\n\u001b` + "\ufffd" + `ä\u202e\udb40\udc01","status":0,"bytes":0,"duration":"0s","request_id":"","remote_addr":"","received":0,"user_agent":"` + strings.Repeat("é", 128) + `…(400 bytes)"}`,
			`{"level":"info","time":"2013-08-12T13:16:52.624500+02:00","message":"access","method":"","path":"/\"\\\n\u001b` + "\ufffd" + `ä\u202e\udb40\udc01","status":0,"bytes":0,"duration":0.000000000,"request_id":"","remote_addr":"","received":0,"user_agent":"` + strings.Repeat("é", 128) + `…(400 bytes)"}`},
		{"long path", server.Access{Time: at, Path: bytes.Repeat([]byte("/"), 600)},
			`INFO [2013-08-12 13:16:52,624] access {"method":"","path":"` + strings.Repeat("/", 512) + `…(600 bytes)","status":0,"bytes":0,"duration":"0s","request_id":"","remote_addr":"","received":0}`,
			`{"level":"info","time":"2013-08-12T13:16:52.624500+02:00","message":"access","method":"","path":"` + strings.Repeat("/", 512) + `…(600 bytes)","status":0,"bytes":0,"duration":0.000000000,"request_id":"","remote_addr":"","received":0}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for form, want := range map[string]string{logging.Text: tt.wantText, logging.JSON: tt.want} {
				var out output
				logs, err := logging.Settings{Form: form}.Open(t.Context(), &out)
				if err != nil {
					t.Fatal(err)
				}
				serve.AccessLog(logs)(&tt.access)
				logs.Close(nil)
				if difference := cmp.Diff(want+"\n", out.String()); difference != "" {
					t.Error(difference)
				}
				if fields := want[strings.IndexByte(want, '{'):]; !json.Valid([]byte(fields)) {
					t.Errorf("%s is not JSON", fields)
				}
			}
		})
	}
}

// FuzzAccessLine: whatever comes, the line is one, and its fields are JSON.
func FuzzAccessLine(f *testing.F) {
	f.Add([]byte("/a\"\\\n\x00\xff\u2028"), []byte("curl\x7f"))
	f.Fuzz(func(t *testing.T, path, agent []byte) {
		for _, form := range []string{logging.Text, logging.JSON} {
			var out output
			logs, err := logging.Settings{Form: form}.Open(t.Context(), &out)
			if err != nil {
				t.Fatal(err)
			}
			serve.AccessLog(logs)(&server.Access{Path: path, UserAgent: agent})
			logs.Close(nil)
			line := strings.TrimSuffix(out.String(), "\n")
			if fields := line[strings.IndexByte(line, '{'):]; strings.ContainsAny(line, "\n\r\x1b\x7f") || !json.Valid([]byte(fields)) {
				t.Errorf("%q", line)
			}
		}
	})
}
