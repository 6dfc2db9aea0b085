package logging_test

import (
	"fmt"
	"os"
	"strings"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/apiphant/apiphant/internal/logging"
)

// The two forms of a line.
func Example() {
	entry := zapcore.Entry{
		Message: "it went wrong",
		Level:   zapcore.ErrorLevel,
		Time:    time.Date(2013, 8, 12, 13, 16, 52, 624e6, time.UTC),
		Caller:  zapcore.EntryCaller{Defined: true, Function: "example.com/server.Serve", Line: 107},
	}
	fields := []zapcore.Field{zap.String("request_id", "a.1"), zap.String("stack", "main.main()\n\tmain.go:7")}
	for _, form := range []string{logging.Text, logging.JSON} {
		_ = logging.NewCore(form, os.Stdout).Write(entry, fields)
	}
	// Output:
	// ERROR at server.Serve:107 [2013-08-12 13:16:52,624] it went wrong {"request_id":"a.1"}
	//     main.main()
	//         main.go:7
	// {"level":"error","time":"2013-08-12T13:16:52.624Z","caller":"server.Serve:107","message":"it went wrong","request_id":"a.1","stack":"main.main()\n\tmain.go:7"}
}

func ExampleNew() {
	var text strings.Builder
	logging.New(logging.Text, &text).Warn("careful", "with", "this")
	level, _, _ := strings.Cut(text.String(), " ")
	_, message, _ := strings.Cut(text.String(), "] ")
	fmt.Print(level, " … ", message)
	// Output: WARN … careful {"with":"this"}
}
