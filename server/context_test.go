package server_test

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"testing"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server"
)

type contextKey struct{}

// TestContext: a function gets apiphant's own, with what Serve was given, a
// deadline, and an end.
func TestContext(t *testing.T) {
	contexts := make(chan context.Context, 3)
	api := raw(func(w http.ResponseWriter, r *http.Request) { contexts <- r.Context() })
	api.Timeout = time.Hour
	api.Handle("v0/keep", apiphant.Actions{
		Read: apiphant.Proc(func(ctx context.Context, _ apiphant.Object) error { contexts <- ctx; return ctx.Err() }),
		Create: apiphant.RawRequest(func(ctx context.Context, r *http.Request) (any, error) {
			contexts <- ctx
			return nil, r.Context().Err()
		}),
	})
	c := start(t, api, &server.Server{}).dial()
	for _, path := range []string{"/api/v0/raw/read", "/api/v0/keep/read", "/api/v0/keep/create"} {
		if got := c.ask(post(path, "")); got.status != 200 {
			t.Errorf("%s: got %v: the context had ended in the function", path, got)
		}
		ctx := wait(t, "the call", contexts)
		if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) > time.Hour || time.Until(deadline) < time.Minute {
			t.Errorf("%s: got the deadline %v, %t", path, deadline, ok)
		}
		wait(t, "the context ends with the call", ctx.Done())
		if err := ctx.Err(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want %v", path, err, context.Canceled)
		}
	}
}

// TestDeadline: a function that returns its context's deadline is a 503, and the
// connection serves on.
func TestDeadline(t *testing.T) {
	api := raw(func(w http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		apiphant.WriteError(w, r, r.Context().Err())
	})
	api.Timeout = 20 * time.Millisecond
	api.Handle("v0/slow", apiphant.Actions{Read: apiphant.Proc(func(ctx context.Context, _ apiphant.Object) error {
		derived, cancel := context.WithTimeout(ctx, time.Hour)
		defer cancel()
		<-derived.Done()
		return errors.Join(errors.New("too slow"), derived.Err())
	})})
	c := start(t, api, &server.Server{}).dial()
	for _, path := range []string{"/api/v0/raw/read", "/api/v0/slow/read"} {
		if got := c.ask(post(path, "")); got.String() != refusal(503) {
			t.Errorf("%s: got %v, want %v", path, got, refusal(503))
		}
	}
	c.wantOpen()
}

// TestDerivedContexts attach to a call's context without a goroutine, and none
// is left of them.
func TestDerivedContexts(t *testing.T) {
	counts := make(chan int, 1)
	api := echo()
	api.Handle("v0/derive", apiphant.Actions{Read: apiphant.Proc(func(ctx context.Context, _ apiphant.Object) error {
		before := runtime.NumGoroutine()
		for range 100 {
			child, cancel := context.WithTimeout(context.WithValue(ctx, contextKey{}, 1), time.Hour)
			context.AfterFunc(child, func() {})
			child, cancel2 := context.WithCancel(child)
			_, _, _ = child, cancel, cancel2 // left to the end of the call
		}
		counts <- runtime.NumGoroutine() - before
		return nil
	})})
	c := start(t, api, &server.Server{}).dial()
	if got := c.ask(post("/api/v0/derive/read", "")); got.status != 200 {
		t.Fatal(got)
	}
	if n := wait(t, "the call", counts); n > 5 {
		t.Errorf("300 contexts have started %d goroutines", n)
	}
}
