package program_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/program"
	"github.com/apiphant/apiphant/server"
)

// TestLogIsCut: nothing of a line is longer than it may be, whatever it is, in
// both forms; what is as long as it may be is whole.
func TestLogIsCut(t *testing.T) {
	long := strings.Repeat("x", 5000)
	short := strings.Repeat("x", 1024) + "…(5000 bytes)"
	fits := strings.Repeat("y", 1024)
	tests := []struct {
		name, message string
		fields        []zap.Field
		want          map[string]any
	}{
		{"message", long, nil, map[string]any{"message": short}},
		{"message that fits", fits, nil, map[string]any{"message": fits}},
		{"fields", "m", []zap.Field{zap.String("a", fits), zap.String("b", long), zap.ByteString("c", []byte(long)), zap.Int("d", 1)},
			map[string]any{"message": "m", "a": fits, "b": short, "c": short, "d": 1.0}},
		{"error", "m", []zap.Field{zap.Error(errors.New(long))},
			map[string]any{"message": "m", "error": `{"error":"` + strings.Repeat("x", 1014) + "…(5012 bytes)"}},
		{"any", "m", []zap.Field{zap.Any("a", []string{long}), zap.Any("b", map[string]int{"c": 1})},
			map[string]any{"message": "m", "a": `{"a":["` + strings.Repeat("x", 1017) + "…(5010 bytes)", "b": map[string]any{"c": 1.0}}},
		{"characters", strings.Repeat("ä", 513) + "€", nil, map[string]any{"message": strings.Repeat("ä", 512) + "…(1029 bytes)"}},
		{"amid a character", "x" + strings.Repeat("ä", 513), nil, map[string]any{"message": "x" + strings.Repeat("ä", 511) + "…(1027 bytes)"}},
		{"stack", "m", []zap.Field{zap.String("stack", long)}, map[string]any{"message": "m", "stack": long}},
		{"long stack", "m", []zap.Field{zap.String("stack", strings.Repeat("x", 20_000))},
			map[string]any{"message": "m", "stack": strings.Repeat("x", 16<<10) + "…(20000 bytes)"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := map[string]any{}
			if err := json.Unmarshal([]byte(line(t, program.LogJSON, "x.f", tt.message, tt.fields...)), &got); err != nil {
				t.Fatal(err)
			}
			for _, key := range []string{"level", "time", "caller"} {
				delete(got, key)
			}
			if difference := cmp.Diff(tt.want, got); difference != "" {
				t.Error(difference)
			}
			text := line(t, program.LogText, "x.f", tt.message, tt.fields...)
			for key, value := range tt.want {
				part, ok := value.(string)
				if !ok {
					continue
				}
				quoted := regexp.MustCompile(`"`).ReplaceAllString(part, `\"`)
				if whole := strings.Contains(text, part) || strings.Contains(text, quoted); !whole {
					t.Errorf("the text lacks %s %q: %s", key, part, text)
				}
			}
		})
	}
	var out bytes.Buffer
	log := program.Slog(program.NewLog(program.LogText, &out)).With("a", long)
	log.Info("m", slog.Group("g", "b", long, "c", 1))
	if out.Len() > 2500 || strings.Count(out.String(), " bytes)") != 2 {
		t.Errorf("got %s", out.String())
	}
}

// say writes an entry as if a function had logged it.
func say(core zapcore.Core, function string, line int, level zapcore.Level, message string) {
	entry := zapcore.Entry{
		Level: level, Message: message, Time: time.Now(),
		Caller: zapcore.EntryCaller{Defined: true, Function: function, File: "/x/error.go", Line: line},
	}
	if checked := core.Check(entry, nil); checked != nil {
		checked.Entry = entry
		checked.Write()
	}
}

// TestFlood: of what apiphant says of requests so much is written in ten
// seconds, for each place, and how many more there were.
func TestFlood(t *testing.T) {
	const ours = "github.com/apiphant/apiphant.logFailure"
	tests := []struct {
		name     string
		function string
		level    zapcore.Level
		message  string // of the nth line
		lines    int
		want     int
	}{
		{"bad requests", ours, zap.InfoLevel, "request %d", 150, 100},
		{"in the server", "github.com/apiphant/apiphant/server.(*Server).Serve", zap.WarnLevel, "same", 150, 100},
		{"no more than may be", ours, zap.InfoLevel, "request %d", 100, 100},
		{"different faults", ours, zap.ErrorLevel, "panic %d", 100, 30},
		{"one fault", ours, zap.ErrorLevel, "panic", 100, 10},
		{"in a product", "example.com/product.Read", zap.ErrorLevel, "panic", 500, 500},
		{"in an example of apiphant's", "github.com/apiphant/apiphant/templates/myproduct/api.Read", zap.InfoLevel, "x", 500, 500},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var out output
				core := program.NewLog(program.LogText, &out).Core()
				for window := range 2 { // the second is as the first
					out.reset()
					say(core, "github.com/apiphant/apiphant.other", 2, zap.ErrorLevel, "another place")
					for n := range tt.lines {
						message := tt.message
						if strings.Contains(message, "%d") {
							message = fmt.Sprintf(message, n)
						}
						say(core, tt.function, 1, tt.level, message)
					}
					say(core, "github.com/apiphant/apiphant.other", 2, zap.ErrorLevel, "another place")
					if got := strings.Count(out.String(), "\n") - 2; got != tt.want {
						t.Errorf("window %d: got %d lines, want %d", window, got, tt.want)
					}
					out.reset()
					time.Sleep(10 * time.Second)
					synctest.Wait()
					want := `^$`
					if tt.want < tt.lines {
						want = fmt.Sprintf(`^%s at \S+:1 \[.*\] … and %d more lines from here in the last 10s, such as: \S.*\n$`, tt.level.CapitalString(), tt.lines-tt.want)
					}
					wantMatch(t, want, out.String())
				}
			})
		})
	}
}

func (o *output) reset() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Reset()
}

// TestOneFaultDoesNotHideAnother: the lines of a fault that a caller repeats do
// not take the room of those of another one at the same place.
func TestOneFaultDoesNotHideAnother(t *testing.T) {
	var out bytes.Buffer
	core := program.NewLog(program.LogText, &out).Core()
	for range 1000 {
		say(core, "github.com/apiphant/apiphant.logFailure", 1, zap.ErrorLevel, "/api/v0/a/read ended with 500: panic: a")
	}
	say(core, "github.com/apiphant/apiphant.logFailure", 1, zap.ErrorLevel, "/api/v0/b/read ended with 500: panic: b")
	wantMatch(t, `panic: b\n$`, out.String())
}

// TestPanicsDoNotFloodTheLog sends requests that panic through all of it.
func TestPanicsDoNotFloodTheLog(t *testing.T) {
	product := echo(nil)
	product.API.Handle("v0/fail", apiphant.Actions{
		Read: apiphant.Proc(func(context.Context, apiphant.Object) error { panic("on purpose") }),
		Update: apiphant.Proc(func(context.Context, apiphant.Object) error {
			return &apiphant.Error{Status: 400, Err: errors.New("cause")}
		}),
	})
	admin := freeAddress(t)
	r := serve(t, product, "--admin", admin)
	for range 150 {
		for action, want := range map[string]int{"read": 500, "update": 400} {
			if got := status("POST", r.url+"/api/v0/fail/"+action); got != want {
				t.Fatalf("got %d, want %d", got, want)
			}
		}
	}
	metrics := get(t, "http://"+admin+"/metrics")
	wantMatch(t, `\napiphant_log_lines_left_out_total{reason="flood"} 190\n`, metrics)
	wantMatch(t, `\napiphant_panics_total{route="/api/v0/fail/read"} 150\n`, metrics)
	_, rest := r.end()
	for text, want := range map[string]int{"500: panic: on purpose": 11, "\n    goroutine ": 10, "400: 400 Bad Request: cause": 101, "… and 140 more": 1, "… and 50 more": 1} {
		if got := strings.Count(rest, text); got != want {
			t.Errorf("got %d times %q, want %d", got, text, want)
		}
	}
}

// TestNobodyReadsTheLog: calls are answered while standard error takes nothing,
// and what the log lacks is told once it does.
func TestNobodyReadsTheLog(t *testing.T) {
	const calls, lines, wails = 100, 30, 1000
	product := echo(nil)
	text := strings.Repeat("x", 1000)
	product.API.Handle("v0/talk", apiphant.Actions{Read: apiphant.Proc(func(ctx context.Context, _ apiphant.Object) error {
		for range lines {
			apiphant.Log(ctx).Info(text)
		}
		apiphant.Log(ctx).Error("an error, which is waited for")
		return nil
	})})
	product.API.Handle("v0/wail", apiphant.Actions{Read: apiphant.Proc(func(ctx context.Context, _ apiphant.Object) error {
		for range wails { // each waited for would take longer than the client's patience
			apiphant.Log(ctx).Error("x")
		}
		return nil
	})})
	r := serve(t, product, "--access-log", "--timeout", "0") // and reads nothing but the first line
	for range calls {
		if got := status("POST", r.url+"/api/v0/talk/read"); got != 200 {
			t.Fatalf("got %d", got)
		}
	}
	if got := status("POST", r.url+"/api/v0/wail/read"); got != 200 {
		t.Fatalf("got %d", got)
	}
	status, rest := r.end()
	if status != program.ExitOK {
		t.Errorf("got status %d", status)
	}
	told := regexp.MustCompile(`\n(?:WARN) \[.*\] (\d+) lines of the log are lost here: nobody took them fast enough\n`).FindAllStringSubmatch(rest, -1)
	lost := 0
	for _, match := range told {
		n, _ := strconv.Atoi(match[1])
		lost += n
	}
	const all = calls*(lines+2) + wails + 1 + 1 // and one about draining
	if got := strings.Count(rest, "\n") - len(told); lost == 0 || got+lost != all {
		t.Errorf("got %d lines and %d that are lost, of %d", got, lost, all)
	}
}

// broken is a standard error that fails, amid a line, until it is mended.
type broken struct {
	output
	mu     sync.Mutex
	mended bool
}

func (b *broken) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.mended {
		return b.output.Write(p)
	}
	n, _ := b.output.Write(p[:3])
	return n, errors.New("no space left")
}

func (b *broken) mend() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mended = true
}

func TestLogThatFails(t *testing.T) {
	out := &broken{}
	logs, err := program.OpenLog(program.LogText, "", out)
	if err != nil {
		t.Fatal(err)
	}
	logs.Info("one")
	_ = logs.Sync()
	out.mend()
	logs.Info("two")
	logs.Close()
	wantMatch(t, `^INF\n(WA\n)?INFO at \S+ \[.*\] two\nWARN \[.*\] 1 lines of the log are lost here: no space left\n$`, out.String())
	if logs.Lost() != 1 {
		t.Errorf("got %d lost, want 1", logs.Lost())
	}
}

// TestLogFile: everything goes there, and the first line to standard error too.
func TestLogFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(file, []byte("before\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := serve(t, echo(nil), "--log-file", file, "--access-log")
	wantMatch(t, `^Apiphant is serving .*\n$`, r.first)
	r.post(`{}`)
	if status, rest := r.end(); status != program.ExitOK || rest != "" {
		t.Errorf("got %d and %q", status, rest)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	wantMatch(t, `^before\n`+regexp.QuoteMeta(r.first)+`INFO \[.*\] access .*\nINFO .* Draining.*\n$`, string(text))

	file = filepath.Join(t.TempDir(), "log")
	var stderr output
	if status := product(noJob()).Run(t.Context(), []string{"background", "--once=Works", "--log-file", file}, io.Discard, &stderr); status != program.ExitOK {
		t.Errorf("got %d", status)
	}
	text, err = os.ReadFile(file)
	if err != nil || stderr.String() != "" {
		t.Errorf("got %v and %q", err, stderr.String())
	}
	wantMatch(t, `Task Works: OK`, string(text))
	if info, err := os.Stat(file); err != nil || info.Mode().Perm()&^0o640 != 0 {
		t.Errorf("got mode %v, %v", info.Mode(), err)
	}
	status := echo(nil).Run(t.Context(), []string{"serve", "127.0.0.1:0", "--log-file", "/nowhere/log"}, io.Discard, &stderr)
	if status != program.ExitFailure {
		t.Errorf("got status %d", status)
	}
	wantMatch(t, `^myproduct: can't open the log file: open /nowhere/log: `, stderr.String())
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
		{"from outside", server.Access{Time: at, Path: []byte("/\"\\\n\x1b\xffä\u202e\U000e0001"), UserAgent: bytes.Repeat([]byte("é"), 200)},
			`INFO [2013-08-12 13:16:52,624] access {"method":"","path":"/\"\\\n\u001b` + "\ufffd" + `ä\u202e\udb40\udc01","status":0,"bytes":0,"duration":"0s","request_id":"","remote_addr":"","received":0,"user_agent":"` + strings.Repeat("é", 128) + `…(400 bytes)"}`,
			`{"level":"info","time":"2013-08-12T13:16:52.624500+02:00","message":"access","method":"","path":"/\"\\\n\u001b` + "\ufffd" + `ä\u202e\udb40\udc01","status":0,"bytes":0,"duration":0.000000000,"request_id":"","remote_addr":"","received":0,"user_agent":"` + strings.Repeat("é", 128) + `…(400 bytes)"}`},
		{"long path", server.Access{Time: at, Path: bytes.Repeat([]byte("/"), 600)},
			`INFO [2013-08-12 13:16:52,624] access {"method":"","path":"` + strings.Repeat("/", 512) + `…(600 bytes)","status":0,"bytes":0,"duration":"0s","request_id":"","remote_addr":"","received":0}`,
			`{"level":"info","time":"2013-08-12T13:16:52.624500+02:00","message":"access","method":"","path":"` + strings.Repeat("/", 512) + `…(600 bytes)","status":0,"bytes":0,"duration":0.000000000,"request_id":"","remote_addr":"","received":0}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for form, want := range map[string]string{program.LogText: tt.wantText, program.LogJSON: tt.want} {
				var out output
				logs, err := program.OpenLog(form, "", &out)
				if err != nil {
					t.Fatal(err)
				}
				logs.AccessLog()(&tt.access)
				logs.Close()
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
		for _, form := range []string{program.LogText, program.LogJSON} {
			var out output
			logs, err := program.OpenLog(form, "", &out)
			if err != nil {
				t.Fatal(err)
			}
			logs.AccessLog()(&server.Access{Path: path, UserAgent: agent})
			logs.Close()
			line := strings.TrimSuffix(out.String(), "\n")
			if fields := line[strings.IndexByte(line, '{'):]; strings.ContainsAny(line, "\n\r\x1b\x7f") || !json.Valid([]byte(fields)) {
				t.Errorf("%q", line)
			}
		}
	})
}
