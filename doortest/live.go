package doortest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/apiphant/apiphant"
)

// live is an API whose functions report to the suite, in the same process, what
// they see while their request and their answer are being sent.
type live struct {
	api  *apiphant.API
	came chan string     // what a function has read, or that it runs
	goOn chan struct{}   // receives when the client has what was sent so far
	ends chan error      // the error with which a body or a context ended
	kept chan parameters // of a function

	yield chan func(counted, error) bool // of a function that returns a sequence
}

// parameters are what a raw function is called with.
type parameters struct {
	w http.ResponseWriter
	r *http.Request
}

func newLive() *live {
	l := &live{
		api:  &apiphant.API{},
		came: make(chan string, 1),
		goOn: make(chan struct{}),
		ends: make(chan error, 1),
		kept: make(chan parameters, 1),

		yield: make(chan func(counted, error) bool, 1),
	}
	read := func(name string, action apiphant.Action) {
		l.api.Handle("v0/live/"+name, apiphant.Actions{Read: action})
	}
	l.add(read)
	l.addStreams(read)
	l.addHijack(read)
	return l
}

func (l *live) add(read func(string, apiphant.Action)) {
	flush := apiphant.Raw(func(w http.ResponseWriter, r *http.Request) {
		begin(w)
		select {
		case <-l.goOn:
		case <-r.Context().Done():
		}
		_, _ = io.WriteString(w, ",more")
	})
	read("flush", flush)
	read("bounded", flush.MaxRunning(1))
	read("upload", apiphant.RawRequest(func(_ context.Context, r *http.Request) (any, error) {
		part := make([]byte, 4)
		_, err := io.ReadFull(r.Body, part)
		l.came <- string(part)
		if err == nil {
			_, err = io.Copy(io.Discard, r.Body)
		}
		l.ends <- err
		return nil, err
	}))
	read("typed", apiphant.Proc(func(context.Context, apiphant.Object) error {
		l.came <- "a typed function ran"
		return nil
	}))
	read("wait", apiphant.Raw(func(w http.ResponseWriter, r *http.Request) {
		l.came <- "waits"
		<-r.Context().Done()
		l.ends <- context.Cause(r.Context())
	}))
	read("form", apiphant.Raw(l.form))
	l.api.Use("v0/live/refused", func(apiphant.Handler) apiphant.Handler {
		return func(context.Context, *apiphant.Call) error { return &apiphant.Error{Status: http.StatusUnauthorized} }
	})
	read("refused", apiphant.Func(echo))
	read("keep", apiphant.Raw(func(w http.ResponseWriter, r *http.Request) {
		l.kept <- parameters{w, r}
		_, _ = io.WriteString(w, "kept")
	}))
}

// askLive runs the cases that depend on when something is sent.
func (s Suite) askLive(t *testing.T, l *live, c client) {
	const collects = "the door's transport can't stream: Suite.Collected"
	for _, test := range []struct {
		name string
		run  func(t *testing.T, c client)
		skip string // why it is not asked; "": it is
	}{
		{"what is kept after a call has errors", l.keep, ""},
		{"half a body is an error", l.cutBody, ""},
		{"the temporary files of a form are removed", l.forms, ""},
		{"a body that a middleware does not want is not asked for", l.refused, when(s.Collected, collects)},
		{"what is flushed arrives while the function runs", l.flush, when(s.Collected, collects)},
		{"no more requests run than an action's own bound", l.bounded, when(s.Collected, collects)},
		{"rows arrive while the function runs", l.rows, when(s.Collected, collects)},
		{"a client that goes away ends a stream", l.rowsGone, when(s.Collected || !s.ClientGone, "only asked with Suite.ClientGone, where the transport streams")},
		{"what is kept of a stream is of no use after the call", l.rowsKept, ""},
		{"a body can be read while it is being sent", l.upload, when(s.Collected, collects)},
		{"a function takes over its connection", l.hijack, when(!s.Hijack, "only asked with Suite.Hijack, over HTTP")},
		{"a function that fails closes the connection that it has taken over", l.hijackPanic, when(!s.Hijack, "only asked with Suite.Hijack, over HTTP")},
		{"a connection that can't be taken over is an error to the function", l.hijackRefused, when(s.Hijack, "not asked with Suite.Hijack")},
		{"a client that goes away ends the context", l.clientGone, when(!s.ClientGone, "only asked with Suite.ClientGone")},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.skip != "" {
				t.Skip(test.skip)
			}
			test.run(t, c)
		})
	}
}

func when(holds bool, reason string) string {
	if holds {
		return reason
	}
	return ""
}

// receive waits for the report of a function.
func receive[T any](t *testing.T, from <-chan T, what string) (value T) {
	t.Helper()
	select {
	case value = <-from:
	case <-time.After(timeout):
		t.Fatalf("nothing came within %s: want %s", timeout, what)
	}
	return value
}

func post(path string, stream io.Reader, length int64) request {
	return request{method: http.MethodPost, target: "/api/v0/live/" + path + "/read", stream: stream, length: length}
}

func (l *live) flush(t *testing.T, c client) { l.runFlush(t, c, "flush", func() {}) }

// bounded asks one too many while a function runs, twice: the second time shows that
// the first one's place was given back.
func (l *live) bounded(t *testing.T, c client) {
	for range 2 {
		l.runFlush(t, c, "bounded", func() {
			got, err := ask(t.Context(), c, post("bounded", nil, 0))
			retry := got.header.Get("Retry-After")
			if err != nil || got.status != http.StatusServiceUnavailable || retry != "1" {
				t.Errorf("one too many is answered with %s, Retry-After %q and %v, want 503 and 1", outcome(got.status, got.broken), retry, err)
			}
		})
	}
}

// runFlush asks a function that flushes, and calls meanwhile while it runs.
func (l *live) runFlush(t *testing.T, c client, name string, meanwhile func()) {
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	answer, err := c.begin(ctx, post(name, nil, 0))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	some := make([]byte, len("some"))
	if _, err := io.ReadFull(answer.Body, some); err != nil || string(some) != "some" {
		t.Errorf("got %q and %v while the function runs, want what it flushed", some, err)
	}
	meanwhile()
	select {
	case l.goOn <- struct{}{}:
	case <-ctx.Done():
		t.Fatal("the function does not run any more")
	}
	if rest, err := io.ReadAll(answer.Body); err != nil || string(rest) != ",more" {
		t.Errorf("then %q and %v, want the rest", rest, err)
	}
}

func (l *live) upload(t *testing.T, c client) {
	reader, writer := io.Pipe()
	go func() {
		_, _ = io.WriteString(writer, "some")
		if <-l.came == "some" { // the function has it, before the rest is sent
			_, _ = io.WriteString(writer, "more")
		}
		_ = writer.Close()
	}()
	got, err := ask(t.Context(), c, post("upload", reader, 8))
	if err != nil || got.status != http.StatusOK {
		t.Errorf("got %s and %v, want 200", outcome(got.status, got.broken), err)
	}
	if err := receive(t, l.ends, "the end of the body"); err != nil {
		t.Errorf("the function read the body to %v, want its end", err)
	}
}

func (l *live) cutBody(t *testing.T, c client) {
	if _, err := ask(t.Context(), c, post("typed", strings.NewReader("{"), 2)); err != nil {
		t.Error(err)
	}
	if _, err := ask(t.Context(), c, post("typed", strings.NewReader("{}"), 10)); err != nil {
		t.Error(err)
	}
	if got, err := ask(t.Context(), c, post("upload", strings.NewReader("some"), 10)); err != nil || got.status == http.StatusOK {
		t.Errorf("got %s and %v, want no 200", outcome(got.status, got.broken), err)
	}
	for {
		select {
		case came := <-l.came:
			if came != "some" {
				t.Errorf("%s, with half a body", came)
			}
			if err := receive(t, l.ends, "the end of the body"); err == nil {
				t.Error("a function read half a body as if it were whole")
			}
		default:
			return // a door may refuse such a request before its function runs
		}
	}
}

func (l *live) clientGone(t *testing.T, c client) {
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if answer, err := c.begin(ctx, post("wait", nil, 0)); err == nil {
			_ = answer.Body.Close()
		}
	}()
	receive(t, l.came, "the function to run")
	cancel()
	if cause := receive(t, l.ends, "the end of the function's context"); !errors.Is(cause, apiphant.ErrClientGone) {
		t.Errorf("the context's cause is %v, want %v", cause, apiphant.ErrClientGone)
	}
	receive(t, ended, "the end of the request")
}

func (l *live) keep(t *testing.T, c client) {
	body := strings.NewReader("a body that the function does not read")
	if got, err := ask(t.Context(), c, post("keep", body, body.Size())); err != nil || string(got.body) != "kept" {
		t.Fatalf("got %q and %v", got.body, err)
	}
	kept := receive(t, l.kept, "the function to run")
	fails := map[string]func() error{
		"Write":     func() error { _, err := kept.w.Write([]byte("late")); return err },
		"Flush":     func() error { return http.NewResponseController(kept.w).Flush() },
		"Body.Read": func() error { _, err := kept.r.Body.Read(make([]byte, 1)); return err },
	}
	for name, use := range fails {
		deadline := time.Now().Add(timeout)
		for use() == nil { // the answer may arrive just before the call has ended
			if time.Now().After(deadline) {
				t.Fatalf("%s has no error after the call", name)
			}
			runtime.Gosched()
		}
	}
}
