package apitest

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/internal/inprocess"
	"github.com/apiphant/apiphant/internal/safely"
	"github.com/apiphant/apiphant/nethttp"
)

// errEnded is the cause of the end of a call's context when its test has ended.
var errEnded = errors.New("the test has ended")

// localURL is the URL of [Local], which has no port.
const localURL = "http://local"

// endTimeout is how long calls may still run when a test has ended, and how long
// Stop may then take.
const endTimeout = 10 * time.Second

// Local serves an API to a test, in the test's own process and without a port.
// The answers are those of a server, and breakpoints and coverage work. The API's
// Start is called at once, and its Stop when the test and all calls have ended. An
// API that can't be served (see [apiphant.API.Check]) ends the test.
//
// The API's log is written to the test's log.
func Local(t testing.TB, api *apiphant.API) *Server {
	t.Helper()
	if err := api.Check(); err != nil {
		t.Fatalf("the API can't be served:\n%v", err)
	}
	log := &testLog{t: t}
	t.Cleanup(log.end)
	ctx := apiphant.WithLog(context.Background(), log.logger())
	door := nethttp.Handler(api)
	if err := hook(ctx, api.Start); err != nil {
		t.Fatalf("Start: %v", err)
	}
	base, cancel := context.WithCancelCause(ctx)
	l := &local{door: door, base: base}
	t.Cleanup(func() {
		if !l.end(func() { cancel(errEnded) }) {
			t.Errorf("a call still runs %s after the end of the test", endTimeout)
		}
		ctx, cancel := context.WithTimeout(ctx, endTimeout)
		defer cancel()
		if err := hook(ctx, api.Stop); err != nil {
			t.Errorf("Stop: %v", err)
		}
	})
	return &Server{Client: Client{base: localURL, transport: l}, URL: localURL, t: t}
}

// hook calls Start or Stop. The error of a panic has its stack.
func hook(ctx context.Context, f func(context.Context) error) error {
	if f == nil {
		return nil
	}
	return safely.WithStack(safely.Run(func() error { return f(ctx) }))
}

// local is the [http.RoundTripper] that calls the API without a connection.
type local struct {
	door http.Handler
	base context.Context // of all calls

	mu    sync.Mutex
	ended bool
	calls sync.WaitGroup
}

// RoundTrip returns when the answer begins, as [http.Transport] does; its body
// streams.
func (l *local) RoundTrip(r *http.Request) (*http.Response, error) {
	if !l.begin() {
		closeBody(r)
		return nil, http.ErrServerClosed
	}
	answer, err := inprocess.Serve(r.Context(), l.door, received(l.base, r), func() {
		closeBody(r)
		l.calls.Done()
	})
	if answer != nil {
		answer.Request = r
	}
	return answer, err
}

func closeBody(r *http.Request) {
	if r.Body != nil {
		r.Body.Close()
	}
}

func (l *local) begin() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return false
	}
	l.calls.Add(1)
	return true
}

// end waits for the running calls, and cancels their contexts after half of
// endTimeout. It reports whether they ended.
func (l *local) end(cancel func()) bool {
	defer cancel()
	l.mu.Lock()
	l.ended = true
	l.mu.Unlock()
	done := make(chan struct{})
	go func() { l.calls.Wait(); close(done) }()
	for range 2 {
		select {
		case <-done:
			return true
		case <-time.After(endTimeout / 2):
			cancel()
		}
	}
	return false
}
