package logging_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/internal/logging"
)

// line writes one entry at a fixed time and returns what came of it.
func line(t *testing.T, form, function, message string, fields ...zap.Field) string {
	t.Helper()
	var out bytes.Buffer
	entry := zapcore.Entry{
		Level:   zapcore.InfoLevel,
		Time:    time.Date(2013, 8, 12, 13, 16, 52, 624_500_000, time.UTC),
		Message: message,
		Caller:  zapcore.EntryCaller{Defined: true, Function: function, File: "/x/server.go", Line: 107},
	}
	if err := logging.NewCore(form, &out).Write(entry, fields); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestLogLines(t *testing.T) {
	const serve = "example.com/x/server.Serve"
	tests := []struct {
		name, form, function, message string
		fields                        []zap.Field
		want                          string
	}{
		{"text", logging.Text, serve, "message", nil,
			"INFO at server.Serve:107 [2013-08-12 13:16:52,624] message\n"},
		{"text with fields", logging.Text, serve, "message",
			[]zap.Field{zap.String("id", "a<b"), zap.Int("n", 1), zap.Duration("took", 1500*time.Millisecond), zap.Error(errors.New("e"))},
			`INFO at server.Serve:107 [2013-08-12 13:16:52,624] message {"id":"a<b","n":1,"took":"1.5s","error":"e"}` + "\n"},
		{"text with a stack", logging.Text, serve, "failed",
			[]zap.Field{zap.String("id", "x"), zap.String("stack", "goroutine 1:\nmain.main()\n\t/x/main.go:1\n")},
			"INFO at server.Serve:107 [2013-08-12 13:16:52,624] failed {\"id\":\"x\"}\n    goroutine 1:\n    main.main()\n        /x/main.go:1\n"},
		{"text that looks like a line", logging.Text, serve, "a\nINFO at b \x1b[31m \u0085\u202e\u2028\U000e0001 \u00e4\u20ac \"q\" \\",
			[]zap.Field{zap.String("k\n", "v\n\x1b\u009b\u202e"), zap.String("stack", "\x1b[0m")},
			"INFO at server.Serve:107 [2013-08-12 13:16:52,624] " + `a\nINFO at b \u001b[31m \u0085\u202e\u2028\udb40\udc01 ` + "\u00e4\u20ac" + ` "q" \ {"k\n":"v\n\u001b\u009b\u202e"}` + "\n    " + `\u001b[0m` + "\n"},
		{"JSON", logging.JSON, serve, "mess\nage",
			[]zap.Field{zap.String("id", "x"), zap.Duration("took", 1500*time.Millisecond), zap.String("stack", "a\nb")},
			`{"level":"info","time":"2013-08-12T13:16:52.6245Z","caller":"server.Serve:107","message":"mess\nage","id":"x","took":1.5,"stack":"a\nb"}` + "\n"},
		{"method", logging.Text, "example.com/x/server.(*Server).Serve", "m", nil, "INFO at server.Serve:107 [2013-08-12 13:16:52,624] m\n"},
		{"closure", logging.Text, "example.com/x/server.(*Server).Serve.func1.2", "m", nil, "INFO at server.Serve:107 [2013-08-12 13:16:52,624] m\n"},
		{"generic", logging.Text, "example.com/x/apiphant.Func[...].func1", "m", nil, "INFO at apiphant.Func:107 [2013-08-12 13:16:52,624] m\n"},
		{"main", logging.Text, "main.main", "m", nil, "INFO at main.main:107 [2013-08-12 13:16:52,624] m\n"},
		{"unknown", logging.Text, "", "m", nil, "INFO at server.go:107 [2013-08-12 13:16:52,624] m\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := line(t, tt.form, tt.function, tt.message, tt.fields...)
			if difference := cmp.Diff(tt.want, got); difference != "" {
				t.Error(difference)
			}
			if tt.form == logging.JSON && !json.Valid([]byte(got)) {
				t.Errorf("%s is not JSON", got)
			}
		})
	}
}

// TestLogOfFunctions: what functions log by apiphant.Log ends in the same log,
// in the same form, with the line where it was logged.
func TestLogOfFunctions(t *testing.T) {
	var out bytes.Buffer
	ctx := apiphant.WithLog(t.Context(), logging.New(logging.Text, &out))
	apiphant.Log(ctx).With("request_id", "x").Warn("careful", "n", 1, slog.Group("g", "a", true))
	apiphant.Log(ctx).Error("failed", "stack", "main.main()\n")
	apiphant.Log(ctx).Debug("not for here")
	apiphant.Log(ctx).LogAttrs(context.Background(), slog.LevelInfo, "fine")
	want := `^WARN at logging_test.TestLogOfFunctions:\d+ \[[-0-9]{10} [:0-9]{8},\d{3}\] careful {"request_id":"x","n":1,"g":{"a":true}}
ERROR at logging_test.TestLogOfFunctions:\d+ \[.{23}\] failed
    main.main\(\)
INFO at logging_test.TestLogOfFunctions:\d+ \[.{23}\] fine
$`
	if !regexp.MustCompile(want).MatchString(out.String()) {
		t.Errorf("got %s", out.String())
	}
}

// TestLogIsNotSampled: of many equal lines none is left out.
func TestLogIsNotSampled(t *testing.T) {
	var out bytes.Buffer
	log := logging.New(logging.JSON, &out)
	for range 1000 {
		log.Info("access")
	}
	if n := strings.Count(out.String(), "\n"); n != 1000 {
		t.Errorf("got %d lines, want 1000", n)
	}
}
