package apitest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/apitest"
)

// newAPI returns an API with one target, "it", that answers to read.
func newAPI(read apiphant.Action) *apiphant.API {
	api := &apiphant.API{}
	api.Handle("v0/it", apiphant.Actions{Read: read})
	return api
}

var echo = apiphant.Func(func(_ context.Context, request apiphant.Object) (apiphant.Object, error) { return request, nil })

func TestLocal(t *testing.T) {
	api := newAPI(echo)
	api.Handle("v1/it", apiphant.Actions{Update: apiphant.Raw(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"method":"`+r.Method+`","token":"`+r.Header.Get("Token")+`","addr":"`+r.RemoteAddr+`"}`)
	})})
	server := apitest.Local(t, api)
	got := server.Test("it", "read", `{"n":1.0}`, 200, `{"n":1}`)
	if string(got.Body) != `{"n":1.0}` || got.Header.Get("Content-Type") != "application/json" || got.Header.Get("X-Request-Id") == "" {
		t.Errorf("answer: %s %v", got.Body, got.Header)
	}
	server.Version, server.Method, server.Header = "v1", "PUT", http.Header{"Token": {"secret"}}
	server.Test("it", "update", nil, 200, `{"method":"PUT","token":"secret","addr":"127.0.0.1:0"}`)
}

func TestLocalFails(t *testing.T) {
	tests := []struct {
		name string
		api  *apiphant.API
		want []string
	}{
		{"the API can't be served", newAPI(apiphant.Action{}), []string{"the API can't be served:\n", `target "v0/it" has no action`}},
		{"Start fails", &apiphant.API{Start: func(context.Context) error { return errors.New("no database") }}, []string{"Start: no database"}},
		{"Start panics", &apiphant.API{Start: func(context.Context) error { panic("no database") }}, []string{"Start: panic: no database", "local_test.go:"}},
		{"Stop fails", &apiphant.API{Stop: func(context.Context) error { return errors.New("no goodbye") }}, []string{"Stop: no goodbye"}},
		{"Stop panics", &apiphant.API{Stop: func(context.Context) error { panic("no goodbye") }}, []string{"Stop: panic: no goodbye"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			runFake(t, func(t testing.TB) { apitest.Local(t, test.api) }).want(t, true, test.want...)
		})
	}
}

func TestServerTestFails(t *testing.T) {
	reached := false
	fake := runFake(t, func(t testing.TB) {
		server := apitest.Local(t, newAPI(echo))
		server.Test("it", "read", `{"a":1}`, 200, `{"a":1}`)
		server.Test("it", "read", `{"a":1}`, 201, `{"a":2}`)
		reached = true
	})
	fake.want(t, true,
		"POST http://local/api/v0/it/read {\"a\":1} --> 200 {\"a\":1}\n",
		"the status is 200, want 201", "the body differs")
	if reached {
		t.Error("the test went on after a difference")
	}
}

func TestLocalStartsAndStops(t *testing.T) {
	var order []string
	api := newAPI(apiphant.Proc(func(ctx context.Context, _ apiphant.Object) error {
		order = append(order, "call")
		apiphant.Log(ctx).Info("in the call")
		return nil
	}))
	api.Start = func(ctx context.Context) error {
		order = append(order, "start")
		apiphant.Log(ctx).Info("in Start")
		return ctx.Err()
	}
	api.Stop = func(ctx context.Context) error {
		order = append(order, "stop")
		apiphant.Log(ctx).Info("in Stop")
		return ctx.Err()
	}
	var server *apitest.Server
	fake := runFake(t, func(t testing.TB) {
		server = apitest.Local(t, api)
		server.Header = http.Header{"X-Request-Id": {"mine"}}
		server.Test("it", "read", nil, 200, "{}")
	})
	fake.want(t, false, `msg="in Start"`, `msg="in the call" request_id=mine`, `msg="in Stop"`)
	if got := strings.Join(order, " "); got != "start call stop" {
		t.Errorf("order: %s", got)
	}
	if _, err := server.HTTP().Get(server.URL + "/api/v0/it/read"); !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("a request after the test: %v", err)
	}
}

func TestLocalLogsPanics(t *testing.T) {
	runFake(t, func(t testing.TB) {
		api := newAPI(apiphant.Proc(func(context.Context, apiphant.Object) error { panic("out of luck") }))
		apitest.Local(t, api).Test("it", "read", nil, 500, `{"error":"500 Internal Server Error"}`)
	}).want(t, false, "panic: out of luck", "\ngoroutine ", "local_test.go:")
}

// TestLocalWaits sees a call that its client did not wait for end before Stop.
func TestLocalWaits(t *testing.T) {
	inside, leave, left := make(chan struct{}), make(chan struct{}), false
	api := newAPI(apiphant.Proc(func(context.Context, apiphant.Object) error {
		close(inside)
		<-leave
		left = true
		return nil
	}))
	api.Stop = func(context.Context) error {
		if !left {
			return errors.New("the call still runs")
		}
		return nil
	}
	runFake(t, func(t testing.TB) {
		server := apitest.Local(t, api)
		ctx, cancel := context.WithCancel(context.Background())
		go func() { <-inside; cancel() }()
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+"/api/v0/it/read", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := server.HTTP().Do(r); !errors.Is(err, context.Canceled) {
			t.Errorf("error: %v", err)
		}
		t.Cleanup(func() { close(leave) })
	}).want(t, false)
}

func TestLocalStreams(t *testing.T) {
	gone := make(chan error, 1)
	server := apitest.Local(t, newAPI(apiphant.Raw(func(w http.ResponseWriter, r *http.Request) {
		line := make([]byte, 4)
		for {
			if _, err := io.ReadFull(r.Body, line); err != nil {
				break
			}
			_, _ = w.Write(bytes.ToUpper(line))
			_ = http.NewResponseController(w).Flush()
		}
		<-r.Context().Done()
		_, _ = w.Write(line)
		gone <- http.NewResponseController(w).Flush()
	})))
	reader, writer := io.Pipe()
	answers := make(chan *http.Response)
	go func() {
		answer, err := server.HTTP().Post(server.URL+"/api/v0/it/read", "text/plain", reader)
		if err != nil {
			t.Error(err)
		}
		answers <- answer
	}()
	_, _ = io.WriteString(writer, "one ")
	answer := <-answers // while the request still goes on
	line := make([]byte, 4)
	for _, word := range []string{"ONE ", "TWO "} {
		if _, err := io.ReadFull(answer.Body, line); err != nil || string(line) != word {
			t.Fatalf("%q, %v, want %q", line, err, word)
		}
		_, _ = io.WriteString(writer, "two ")
	}
	answer.Body.Close() // the client goes away
	if err := <-gone; err == nil {
		t.Error("the function could go on writing to nobody")
	}
}

func TestLocalRawRequests(t *testing.T) {
	kept := make(chan *http.Request, 2)
	server := apitest.Local(t, newAPI(apiphant.RawRequest(func(_ context.Context, r *http.Request) (apiphant.Object, error) {
		kept <- r
		if err := r.ParseForm(); err != nil {
			return nil, err
		}
		return apiphant.Object{"form": r.Form, "length": r.ContentLength, "header": r.Header.Get("Content-Length"), "encoding": r.TransferEncoding}, nil
	})))
	post := func(body io.Reader) string {
		answer, err := server.HTTP().Post(server.URL+"/api/v0/it/read?a=%20", "application/x-www-form-urlencoded", body)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		read, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(read)
	}
	if got := post(strings.NewReader("b=2")); got != `{"encoding":[],"form":{"a":[" "],"b":["2"]},"header":"3","length":3}` {
		t.Error(got)
	}
	if got := post(io.MultiReader(strings.NewReader("b=2"))); got != `{"encoding":["chunked"],"form":{"a":[" "],"b":["2"]},"header":"","length":-1}` {
		t.Error(got)
	}
	if _, err := (<-kept).Body.Read(make([]byte, 1)); !errors.Is(err, http.ErrBodyReadAfterClose) {
		t.Errorf("reading a body after the call: %v", err)
	}
}

// TestLocalTruncatedBody shows that half a body is never a whole one.
func TestLocalTruncatedBody(t *testing.T) {
	server := apitest.Local(t, newAPI(echo))
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/api/v0/it/read", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = 10
	answer, err := server.HTTP().Transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != 400 {
		t.Errorf("status %d, want 400", answer.StatusCode)
	}
}

// TestLocalWriterAfterTheCall keeps what belongs to the call for too long.
func TestLocalWriterAfterTheCall(t *testing.T) {
	var kept http.ResponseWriter
	server := apitest.Local(t, newAPI(apiphant.Raw(func(w http.ResponseWriter, _ *http.Request) { kept = w })))
	server.Test("it", "read", nil, 200, nil)
	if _, err := kept.Write([]byte("late")); !errors.Is(err, http.ErrHandlerTimeout) {
		t.Errorf("writing after the call: %v", err)
	}
}
