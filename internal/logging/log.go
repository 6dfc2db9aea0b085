package logging

import (
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"go.uber.org/zap"
	"go.uber.org/zap/buffer"
	"go.uber.org/zap/exp/zapslog"
	"go.uber.org/zap/zapcore"
)

// The forms of the log.
const (
	Text = "text" // INFO at server.Serve:107 [2013-08-12 13:16:52,624] message
	JSON = "json" // {"level":"info","time":"2013-08-12T13:16:52.624Z","caller":"server.Serve:107","message":"message"}
)

// New returns a logger that writes to w, in the form Text or JSON. It serialises
// its writes. Its lines are not sampled, but bounded in rate and length as all of
// this package's are. The attribute "stack" is printed below its line in Text.
func New(form string, w io.Writer) *slog.Logger {
	core, _ := newCore(form, w)
	return newSlog(core)
}

func newSlog(core zapcore.Core) *slog.Logger {
	return slog.New(zapslog.NewHandler(core, zapslog.WithCaller(true), zapslog.AddStacktraceAt(slog.LevelError+100)))
}

// core bounds the rate and the length of the lines, and writes errors at once.
type core struct {
	zapcore.Core
	flood *flood
	sync  func() error // waits until an error is written; nil: writes are synchronous
}

func newCore(form string, w io.Writer) (zapcore.Core, *flood) {
	lines := zapcore.NewCore(newEncoder(form), zapcore.Lock(zapcore.AddSync(w)), zap.InfoLevel)
	flood := &flood{report: func(entry zapcore.Entry) { _ = lines.Write(entry, nil) }}
	c := core{Core: lines, flood: flood}
	if o, ok := w.(*output); ok {
		c.sync = o.Sync
	}
	return c, flood
}

func (c core) With(fields []zapcore.Field) zapcore.Core {
	c.Core = c.Core.With(cutFields(fields))
	return c
}

func (c core) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(entry.Level) {
		return checked.AddCore(entry, c)
	}
	return checked
}

func (c core) Write(entry zapcore.Entry, fields []zapcore.Field) error {
	if !c.flood.allows(entry) {
		return nil
	}
	entry.Message = cut(entry.Message, maxText)
	err := c.Core.Write(entry, cutFields(fields))
	if c.sync != nil && entry.Level >= zapcore.ErrorLevel {
		_ = c.sync()
	}
	return err
}

func (c core) Sync() error {
	if c.sync != nil {
		return c.sync()
	}
	return c.Core.Sync()
}

func newEncoder(form string) zapcore.Encoder {
	if form != JSON {
		return textEncoder{fieldEncoder()}
	}
	return zapcore.NewJSONEncoder(zapcore.EncoderConfig{
		LevelKey: "level", EncodeLevel: zapcore.LowercaseLevelEncoder,
		TimeKey: "time", EncodeTime: zapcore.RFC3339NanoTimeEncoder,
		CallerKey: "caller", EncodeCaller: func(caller zapcore.EntryCaller, array zapcore.PrimitiveArrayEncoder) {
			array.AppendString(shortCaller(caller))
		},
		MessageKey:     "message",
		EncodeDuration: zapcore.SecondsDurationEncoder,
	})
}

// fieldEncoder returns an encoder of an entry's fields alone, as one JSON object.
func fieldEncoder() zapcore.Encoder {
	return zapcore.NewJSONEncoder(zapcore.EncoderConfig{
		SkipLineEnding: true,
		EncodeDuration: zapcore.StringDurationEncoder,
		EncodeTime:     zapcore.RFC3339NanoTimeEncoder,
	})
}

// stackKey is the field that is printed below its line, in Text.
const stackKey = "stack"

// inMessage is the value of a field whose text the message has, too: the form for
// people leaves the field out.
type inMessage interface {
	InMessage() string // "" if it is not a text
}

// textEncoder writes lines for people. The embedded encoder holds the fields of
// the logger's With.
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
		if _, shown := field.Interface.(inMessage); shown {
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
		line.AppendString("\n    ") // indented, so that it does not look like a line of the log
		line.AppendString(oneLine(strings.TrimRight(strings.ReplaceAll(stackLine, "\t", "    "), "\r\n")))
	}
	line.AppendByte('\n')
	return line, nil
}

// oneLine escapes what is not printable, so that text from a client can neither
// forge a line of the log nor send control sequences to a terminal. The escapes
// are those of JSON, since the text may be part of a JSON object.
func oneLine(text string) string {
	if strings.IndexFunc(text, isUnprintable) < 0 {
		return text
	}
	escaped := make([]byte, 0, len(text)+16)
	for _, r := range text {
		escaped = appendPrintable(escaped, r)
	}
	return string(escaped)
}

// shortCaller returns package, function and line: server.Serve:107 for
// example.com/x/server.(*Server).Serve.func1.
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
