package logging_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/apiphant/apiphant/internal/logging"
)

func wantMatch(t *testing.T, pattern, text string) {
	t.Helper()
	if !regexp.MustCompile(pattern).MatchString(text) {
		t.Errorf("got\n%s\nwant a match of %s", text, pattern)
	}
}

// output may be written and read concurrently.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

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
			if err := json.Unmarshal([]byte(line(t, logging.JSON, "x.f", tt.message, tt.fields...)), &got); err != nil {
				t.Fatal(err)
			}
			for _, key := range []string{"level", "time", "caller"} {
				delete(got, key)
			}
			if difference := cmp.Diff(tt.want, got); difference != "" {
				t.Error(difference)
			}
			text := line(t, logging.Text, "x.f", tt.message, tt.fields...)
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
	log := logging.New(logging.Text, &out).With("a", long)
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
				core := logging.NewCore(logging.Text, &out)
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
					time.Sleep(10 * time.Second) // of the bubble's clock
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
	core := logging.NewCore(logging.Text, &out)
	for range 1000 {
		say(core, "github.com/apiphant/apiphant.logFailure", 1, zap.ErrorLevel, "/api/v0/a/read ended with 500: panic: a")
	}
	say(core, "github.com/apiphant/apiphant.logFailure", 1, zap.ErrorLevel, "/api/v0/b/read ended with 500: panic: b")
	wantMatch(t, `panic: b\n$`, out.String())
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
	logs, err := logging.Settings{Form: logging.Text}.Open(t.Context(), out)
	if err != nil {
		t.Fatal(err)
	}
	logs.Info("one")
	logs.Sync()
	out.mend()
	logs.Info("two")
	logs.Close(nil)
	wantMatch(t, `^INF\n(WA\n)?INFO at \S+ \[.*\] two\nWARN \[.*\] 1 lines of the log are lost here: no space left\n$`, out.String())
	if _, lost := logs.LeftOut(); lost != 1 {
		t.Errorf("got %d lost, want 1", lost)
	}
}
