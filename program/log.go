package program

import (
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"unicode"

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
		_, _ = line.Write(encoded.Bytes())
	}
	if stack != "" {
		line.AppendByte('\n')
		line.AppendString(strings.TrimRight(stack, "\n"))
	}
	line.AppendByte('\n')
	return line, nil
}

// oneLine keeps what came from outside from looking like a line of its own.
func oneLine(message string) string {
	if strings.IndexFunc(message, unicode.IsControl) < 0 {
		return message
	}
	quoted := strconv.Quote(message)
	return quoted[1 : len(quoted)-1]
}

// shortCaller turns example.com/x/server.(*Server).Serve.func1 into
// server.Serve:107: the package, the function, the line.
func shortCaller(caller zapcore.EntryCaller) string {
	path := strings.Split(caller.Function[strings.LastIndexByte(caller.Function, '/')+1:], ".")
	name := path[len(path)-1]
	for _, part := range slices.Backward(path[1:]) {
		if name = part; !strings.HasPrefix(part, "func") && strings.Trim(part, "0123456789") != "" {
			break
		}
	}
	return path[0] + "." + name + ":" + strconv.Itoa(caller.Line)
}
