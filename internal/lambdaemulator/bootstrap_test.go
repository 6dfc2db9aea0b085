package lambdaemulator_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	runtime "github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

// TestMain lets the program of the tests be a function, too: where the emulator starts it.
func TestMain(m *testing.M) {
	if os.Getenv("TEST_EMULATOR") != "" {
		emulate()
	}
	api := os.Getenv("AWS_LAMBDA_RUNTIME_API")
	if api == "" {
		os.Exit(m.Run())
	}
	switch os.Getenv("AWS_LAMBDA_FUNCTION_NAME") {
	case "init-exits":
		fmt.Println("about to exit")
		os.Exit(3)
	case "init-fails":
		_, _ = http.Post("http://"+api+"/2018-06-01/runtime/init/error", "application/json", strings.NewReader(`{"errorType":"Product.StartFailed","errorMessage":"no database"}`))
		fmt.Println("Start failed: no database")
		os.Exit(1)
	case "term":
		runtime.StartWithOptions(function, runtime.WithEnableSIGTERM(func() { fmt.Println("stopping"); os.Exit(0) }))
	default:
		runtime.Start(function)
	}
}

// asked is an event of the tests.
type asked struct {
	Do   string `json:"do"`
	N    int    `json:"n"`
	Text string `json:"text"`
}

// held keeps memory.
var held []byte

// function does what the event says.
func function(ctx context.Context, event json.RawMessage) (any, error) {
	if os.Getenv("AWS_LAMBDA_FUNCTION_NAME") == "inner" { // a gateway's event has it in its body
		var outer struct{ Body string }
		_ = json.Unmarshal(event, &outer)
		event = json.RawMessage(outer.Body)
	}
	var a asked
	_ = json.Unmarshal(event, &a)
	switch a.Do {
	case "":
		return event, nil
	case "log":
		for range a.N {
			fmt.Println(a.Text)
		}
		return "logged", nil
	case "sleep":
		fmt.Println("going to sleep")
		<-ctx.Done() // which is when Lambda ends it, and is not heeded
		select {}
	case "meet": // another instance, in a folder
		_ = os.WriteFile(filepath.Join(a.Text, fmt.Sprint(os.Getpid())), nil, 0o666)
		until(func() bool { found, _ := os.ReadDir(a.Text); return len(found) == 2 })
		fmt.Println("met in", os.Getpid())
		return nil, nil
	case "exit":
		fmt.Print("last words")
		os.Exit(a.N)
	case "panic":
		panic("oops")
	case "error":
		return nil, errors.New(a.Text)
	case "allocate":
		held = bytes.Repeat([]byte("x"), a.N<<20)
		return len(held), nil
	case "large":
		return stream{strings.NewReader(strings.Repeat("x", a.N)), "application/json", 0}, nil
	case "pid":
		return os.Getpid(), nil
	case "wait": // until a file is there
		fmt.Println("waiting")
		until(func() bool { _, err := os.Stat(a.Text); return err == nil })
		return os.Getpid(), nil
	case "context":
		known, _ := lambdacontext.FromContext(ctx)
		deadline, _ := ctx.Deadline()
		return map[string]any{
			"id": known.AwsRequestID, "arn": known.InvokedFunctionArn, "client": known.ClientContext.Custom,
			"trace": ctx.Value("x-amzn-trace-id"), "left": time.Until(deadline).Seconds(),
			"name": lambdacontext.FunctionName, "memory": lambdacontext.MemoryLimitInMB, "version": lambdacontext.FunctionVersion,
			"group": lambdacontext.LogGroupName, "handler": os.Getenv("_HANDLER"), "region": os.Getenv("AWS_REGION"),
		}, nil
	case "stream":
		return stream{strings.NewReader(a.Text), "application/vnd.awslambda.http-integration-response", a.N}, nil
	case "drip": // waits for a file between its two parts
		parts, to := io.Pipe()
		go func() {
			fmt.Fprintf(to, "{}%sa", make([]byte, 8))
			until(func() bool { _, err := os.Stat(a.Text); return err == nil })
			fmt.Fprint(to, "b")
			to.Close()
		}()
		return drip{parts}, nil
	case "wild": // asks the runtime API for what is not its to ask
		known, _ := lambdacontext.FromContext(ctx)
		return wild(known.AwsRequestID), nil
	}
	return nil, fmt.Errorf("cannot %q", a.Do)
}

// drip is an answer of a function URL that streams.
type drip struct{ io.Reader }

func (drip) ContentType() string { return "application/vnd.awslambda.http-integration-response" }

// MarshalJSON is never called, as that of stream.
func (drip) MarshalJSON() ([]byte, error) { return nil, errors.New("not a reader") }

// wild returns the statuses of requests that no runtime sends.
func wild(id string) (statuses []int) {
	base := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API")
	for _, path := range []string{"/2018-06-01/runtime/invocation/other/response", "/2018-06-01/runtime/invocation/other/error", "/2018-06-01/runtime/invocation/next", "/other", "/2018-06-01/runtime/invocation/" + id + "/response", "/2018-06-01/runtime/invocation/" + id + "/error"} {
		response, err := http.Post(base+path, "application/json", strings.NewReader(`"wild"`))
		if err != nil {
			return append(statuses, 0)
		}
		response.Body.Close()
		statuses = append(statuses, response.StatusCode)
	}
	fmt.Println("statuses", statuses)
	return statuses
}

// until waits for another process. Lambda's time-out ends it.
func until(isTrue func() bool) {
	for tick := time.Tick(time.Millisecond); !isTrue(); <-tick {
	}
}

// stream is an answer that fails behind so many bytes, where n is above 0.
type stream struct {
	from *strings.Reader
	kind string
	n    int
}

func (s stream) ContentType() string { return s.kind }

func (s stream) Read(p []byte) (int, error) {
	if s.n > 0 && int(s.from.Size())-s.from.Len() >= s.n {
		return 0, errors.New("broken off")
	}
	if s.n > 0 {
		p = p[:min(len(p), s.n)]
	}
	return s.from.Read(p)
}

// MarshalJSON is never called: a reader is sent as it is.
func (s stream) MarshalJSON() ([]byte, error) { return nil, errors.New("not a reader") }

var _ io.Reader = stream{}
