package apitest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/internal/inprocess"
	"github.com/apiphant/apiphant/nethttp"
)

// errEnded is why the context of a call ends that outlives its test.
var errEnded = errors.New("the test has ended")

// localURL is what requests to [Local] begin with. It has no port.
const localURL = "http://local"

// endTimeout is how long calls may still run, and Stop may take, when a test
// has ended.
const endTimeout = 10 * time.Second

// Local serves an API to a test, in the test's own process and without a port:
// the same pipeline gives the same answers, and breakpoints and coverage work.
// Its Start runs now and its Stop when the test has ended, after the calls that
// still run. What can't be served (see [apiphant.API.Check]) ends the test.
//
// The API's log goes to the test's.
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

func hook(ctx context.Context, f func(context.Context) error) (err error) {
	if f == nil {
		return nil
	}
	defer func() {
		if value := recover(); value != nil {
			err = fmt.Errorf("panic: %v\n%s", value, debug.Stack())
		}
	}()
	return f(ctx)
}

// local is the way to an API without a transport, for clients of net/http.
type local struct {
	door http.Handler
	base context.Context // of all calls

	mu    sync.Mutex
	ended bool
	calls sync.WaitGroup
}

// RoundTrip gives one request to the API. Like a real transport it returns when
// the answer begins, and its body streams.
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

// end waits for the calls that run, and cancels their contexts where that takes
// long. It tells whether they ended.
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
