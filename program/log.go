package program

import (
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"go.uber.org/zap"
	"go.uber.org/zap/buffer"
	"go.uber.org/zap/exp/zapslog"
	"go.uber.org/zap/zapcore"
)

// The forms of the log.
const (
	LogText = "text" // INFO at server.Serve:107 [2013-08-12 13:16:52,624] message
	LogJSON = "json" // {"level":"info","time":"2013-08-12T13:16:52.624Z","caller":"server.Serve:107","message":"message"}
)

// NewLog returns a logger that writes to w, which it locks, in a form, LogText
// or LogJSON. Nothing is sampled.
func NewLog(form string, w io.Writer) *zap.Logger {
	fields := zapcore.NewJSONEncoder(zapcore.EncoderConfig{
		SkipLineEnding: true,
		EncodeDuration: zapcore.StringDurationEncoder,
		EncodeTime:     zapcore.RFC3339NanoTimeEncoder,
	})
	var encoder zapcore.Encoder = textEncoder{fields}
	if form == LogJSON {
		encoder = zapcore.NewJSONEncoder(zapcore.EncoderConfig{
			LevelKey: "level", EncodeLevel: zapcore.LowercaseLevelEncoder,
			TimeKey: "time", EncodeTime: zapcore.RFC3339NanoTimeEncoder,
			CallerKey: "caller", EncodeCaller: func(caller zapcore.EntryCaller, array zapcore.PrimitiveArrayEncoder) {
				array.AppendString(shortCaller(caller))
			},
			MessageKey:     "message",
			EncodeDuration: zapcore.SecondsDurationEncoder,
		})
	}
	core := zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(w)), zap.InfoLevel)
	return zap.New(core, zap.AddCaller())
}

// Slog returns the logger for code that knows log/slog only, as functions do;
// it writes the same lines to the same place.
func Slog(log *zap.Logger) *slog.Logger {
	return slog.New(zapslog.NewHandler(log.Core(), zapslog.WithCaller(true), zapslog.AddStacktraceAt(slog.LevelError+100)))
}

// stackKey is the field whose text is printed below its line.
const stackKey = "stack"

// textEncoder writes lines for people. The embedded encoder keeps the fields.
type textEncoder struct{ zapcore.Encoder }

var lines = buffer.NewPool()

func (e textEncoder) Clone() zapcore.Encoder { return textEncoder{e.Encoder.Clone()} }

func (e textEncoder) EncodeEntry(entry zapcore.Entry, fields []zapcore.Field) (*buffer.Buffer, error) {
	stack := ""
	kept := make([]zapcore.Field, 0, len(fields))
	for _, field := range fields {
		if field.Key == stackKey && field.Type == zapcore.StringType {
			stack = field.String
			continue
		}
		kept = append(kept, field)
	}
	encoded, err := e.Encoder.EncodeEntry(zapcore.Entry{}, kept)
	if err != nil {
		return nil, err
	}
	defer encoded.Free()
	line := lines.Get()
	line.AppendString(entry.Level.CapitalString())
	if entry.Caller.Defined {
		line.AppendString(" at " + shortCaller(entry.Caller))
	}
	line.AppendString(entry.Time.Format(" [2006-01-02 15:04:05,000] "))
	line.AppendString(oneLine(entry.Message))
	if encoded.Len() > len("{}") {
		line.AppendByte(' ')
		line.AppendString(oneLine(encoded.String()))
	}
	for stackLine := range strings.Lines(stack) {
		line.AppendString("\n    ") // so that it does not look like a line of the log
		line.AppendString(oneLine(strings.TrimRight(strings.ReplaceAll(stackLine, "\t", "    "), "\r\n")))
	}
	line.AppendByte('\n')
	return line, nil
}

// oneLine keeps what came from outside from looking like a line of its own, and
// from commanding the terminal. What it escapes is text within JSON, or free
// text: \n and \u202e are the escapes of both.
func oneLine(text string) string {
	if strings.IndexFunc(text, isUnprintable) < 0 {
		return text
	}
	var escaped strings.Builder
	for _, r := range text {
		switch {
		case !isUnprintable(r):
			escaped.WriteRune(r)
		case r == '\n':
			escaped.WriteString(`\n`)
		case r == '\r':
			escaped.WriteString(`\r`)
		case r == '\t':
			escaped.WriteString(`\t`)
		case r > 0xffff:
			first, second := utf16.EncodeRune(r)
			fmt.Fprintf(&escaped, `\u%04x\u%04x`, first, second)
		default:
			fmt.Fprintf(&escaped, `\u%04x`, r)
		}
	}
	return escaped.String()
}

func isUnprintable(r rune) bool { return !strconv.IsPrint(r) }

// shortCaller turns example.com/x/server.(*Server).Serve.func1 into
// server.Serve:107: the package, the function, the line.
func shortCaller(caller zapcore.EntryCaller) string {
	if caller.Function == "" {
		return filepath.Base(caller.File) + ":" + strconv.Itoa(caller.Line)
	}
	function := strings.ReplaceAll(caller.Function, "[...]", "") // of a generic one
	path := strings.Split(function[strings.LastIndexByte(function, '/')+1:], ".")
	name := path[len(path)-1]
	for _, part := range slices.Backward(path[1:]) {
		if name = part; !strings.HasPrefix(part, "func") && strings.Trim(part, "0123456789") != "" {
			break
		}
	}
	return path[0] + "." + name + ":" + strconv.Itoa(caller.Line)
}
