package runtimeapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/apiphant/apiphant/internal/runtimeapi"
)

// event is what the runtime API hands out, and how.
type event struct {
	payload string
	header  map[string]string
	chunked bool // without a length
	hangUp  bool // closes the connection once it has handed it out
	cut     bool // closes the connection in place of taking the answer the first time
	refused bool // does not take the answer
}

// answer is what it has got.
type answer struct{ path, contentType, body string }

// hand hands events out, until there are none, and returns what became of them.
func hand(t *testing.T, prefix string, events []event, invoke func(context.Context, []byte) ([]byte, error)) (answers []answer, err error) {
	t.Helper()
	i, cut := 0, false
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimPrefix(r.URL.Path, prefix+"/2018-06-01/runtime/invocation/")
		if path == "next" && i == len(events) {
			http.Error(w, "there are no more", http.StatusGone)
			return
		}
		now := events[min(i, len(events)-1)]
		if path != "next" {
			body, _ := io.ReadAll(r.Body)
			if now.cut && !cut {
				cut = true
				panic(http.ErrAbortHandler)
			}
			answers = append(answers, answer{path, r.Header.Get("Content-Type"), string(body)})
			i++
			if now.refused {
				http.Error(w, "no", http.StatusForbidden)
				return
			}
			w.WriteHeader(http.StatusAccepted)
			_, _ = io.WriteString(w, `{"status":"OK"}`)
			return
		}
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", fmt.Sprint("id-", i))
		w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(time.Hour).UnixMilli()))
		for name, value := range now.header {
			w.Header().Set(name, value)
		}
		if now.hangUp {
			w.Header().Set("Connection", "close")
		}
		_, _ = io.WriteString(w, now.payload)
		if now.chunked {
			_ = http.NewResponseController(w).Flush()
			_, _ = io.WriteString(w, " ")
		}
	}))
	defer api.Close()
	err = runtimeapi.Serve(context.Background(), strings.TrimPrefix(api.URL, "http://")+prefix, invoke)
	return answers, err
}

func echo(_ context.Context, payload []byte) ([]byte, error) { return payload, nil }

func TestServe(t *testing.T) {
	large := strings.Repeat("x", 5<<20)
	for _, prefix := range []string{"", "/instance/1"} {
		got, err := hand(t, prefix, []event{{payload: "one"}, {payload: "two", chunked: true}, {payload: large}, {payload: "hang up", hangUp: true}, {payload: "cut", cut: true}, {payload: ""}}, echo)
		if err == nil || !strings.Contains(err.Error(), "gives no event: 410 Gone: there are no more") {
			t.Errorf("the error is %v", err)
		}
		for i, want := range []string{"one", "two ", large, "hang up", "cut", ""} {
			if i >= len(got) || got[i] != (answer{fmt.Sprintf("id-%d/response", i), "application/json", want}) {
				t.Errorf("event %d is not answered with %.20q", i, want)
			}
		}
	}
}

// TestContext: what an event's header says is in its context.
func TestContext(t *testing.T) {
	deadline := time.Now().Add(time.Minute).UnixMilli()
	_, _ = hand(t, "", []event{{header: map[string]string{
		"Lambda-Runtime-Deadline-Ms": fmt.Sprint(deadline), "Lambda-Runtime-Trace-Id": "Root=1", "Lambda-Runtime-Invoked-Function-Arn": "arn:a", "Lambda-Runtime-Aws-Tenant-Id": "tenant",
		"Lambda-Runtime-Client-Context": `{"custom":{"a":"b"}}`, "Lambda-Runtime-Cognito-Identity": `{"cognitoIdentityId":"c"}`,
	}}}, func(ctx context.Context, _ []byte) ([]byte, error) {
		about, _ := lambdacontext.FromContext(ctx)
		if about.AwsRequestID != "id-0" || about.InvokedFunctionArn != "arn:a" || about.TenantID != "tenant" || about.ClientContext.Custom["a"] != "b" || about.Identity.CognitoIdentityID != "c" {
			t.Errorf("the context has %+v", about)
		}
		if at, ok := ctx.Deadline(); !ok || at.UnixMilli() != deadline {
			t.Errorf("the deadline is %v", at)
		}
		if ctx.Value("x-amzn-trace-id") != "Root=1" || os.Getenv("_X_AMZN_TRACE_ID") != "Root=1" {
			t.Errorf("the trace is %v, %s", ctx.Value("x-amzn-trace-id"), os.Getenv("_X_AMZN_TRACE_ID"))
		}
		return nil, nil
	})
}

// TestErrors: an error is its event's alone.
func TestErrors(t *testing.T) {
	log.SetOutput(io.Discard)
	defer log.SetOutput(os.Stderr)
	got, err := hand(t, "", []event{{payload: "plain"}, {payload: "typed"}, {header: map[string]string{"Lambda-Runtime-Deadline-Ms": "soon"}}, {payload: "ok"}}, func(_ context.Context, payload []byte) ([]byte, error) {
		switch string(payload) {
		case "plain":
			return nil, errors.New("broken")
		case "typed":
			return nil, fmt.Errorf("because: %w", messages.InvokeResponse_Error{Message: "broken", Type: "Product.Broken"})
		}
		return payload, nil
	})
	want := []answer{
		{"id-0/error", "application/json", `{"errorMessage":"broken","errorType":"Runtime.Error"}`},
		{"id-1/error", "application/json", `{"errorMessage":"broken","errorType":"Product.Broken"}`},
		{"id-2/error", "application/json", `{"errorMessage":"the header of the event is wrong: strconv.ParseInt: parsing \"soon\": invalid syntax","errorType":"Runtime.Error"}`},
		{"id-3/response", "application/json", "ok"},
	}
	if fmt.Sprint(got) != fmt.Sprint(want) || err == nil {
		t.Errorf("got\n%v, %v\nwant\n%v", got, err, want)
	}
}

// TestEnd: a runtime API that is not there, or does not take an answer, ends it.
func TestEnd(t *testing.T) {
	if err := runtimeapi.Serve(context.Background(), "127.0.0.1:1", echo); err == nil {
		t.Error("nobody there, and no error")
	}
	if _, err := hand(t, "", []event{{refused: true}}, echo); err == nil || !strings.Contains(err.Error(), "does not take an answer: 403 Forbidden: no") {
		t.Errorf("the error is %v", err)
	}
}
