package apiphant_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/nethttp"
)

func TestBoundsOutOfRange(t *testing.T) {
	action := apiphant.NoRequest(func(context.Context) (any, error) { return nil, nil })
	for want, action := range map[string]apiphant.Action{
		"MaxBody(0): want at least 1 byte":       action.MaxBody(0),
		"MaxRunning(0): want at least 1 request": action.MaxRunning(0),
		"Timeout(0): want a positive duration":   action.Timeout(0),
	} {
		api := &apiphant.API{}
		api.Handle("v0/it", apiphant.Actions{Read: action})
		if err := api.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestEndpointHasBounds(t *testing.T) {
	api := &apiphant.API{}
	action := apiphant.NoRequestWithoutContext(func() (struct{}, error) { return struct{}{}, nil })
	api.Handle("v0/it", apiphant.Actions{Create: action, Read: action.MaxBody(5).Timeout(-1).MaxRunning(3)})
	if err := api.Check(); err != nil {
		t.Fatal(err)
	}
	none, all := api.Routes()[0], api.Routes()[1]
	if none.MaxBody != 0 || none.Timeout != 0 || none.MaxRunning != 0 {
		t.Errorf("got %+v, want no bounds", none)
	}
	if all.MaxBody != 5 || all.Timeout != -1 || all.MaxRunning != 3 {
		t.Errorf("got %+v, want all bounds", all)
	}
	if none.Request != nil || none.Schema != nil || none.RawRequest || none.Signature != "func() (struct {}, error)" {
		t.Errorf("got %+v, want nothing that is asked", none)
	}
}

// TestMaxRunning: the bound is one for all doors and all targets of an action.
func TestMaxRunning(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	action := apiphant.NoRequest(func(ctx context.Context) (any, error) {
		select {
		case entered <- struct{}{}:
			<-leave
		case <-ctx.Done():
		}
		return nil, ctx.Err()
	}).MaxRunning(2)
	api := &apiphant.API{Timeout: 5 * time.Second}
	api.Handle("v0/it", apiphant.Actions{Create: action, Read: action})
	doors := []http.Handler{nethttp.Handler(api), nethttp.Handler(api)}
	ask := func(i int) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		target := []string{"/api/v0/it/create", "/api/v0/it/read"}[i%2]
		doors[i/2].ServeHTTP(w, httptest.NewRequest(http.MethodPost, target, nil))
		return w
	}
	answers := make(chan int, 2)
	for i := range 2 {
		go func() { answers <- ask(i).Code }()
		within(t, "the function runs", entered)
	}
	for i := range 4 {
		if got := ask(i); got.Code != http.StatusServiceUnavailable || got.Header().Get("Retry-After") != "1" {
			t.Errorf("one too many is answered with %d and %v", got.Code, got.Header())
		}
	}
	close(leave)
	for range 2 {
		if got := within(t, "an answer", answers); got != http.StatusOK {
			t.Errorf("one that ran is answered with %d", got)
		}
	}
	go func() { answers <- ask(3).Code }()
	within(t, "the function runs again", entered)
	within(t, "an answer", answers)
}

// TestMaxRunningIsGivenBack by functions that end in other ways than by returning.
func TestMaxRunningIsGivenBack(t *testing.T) {
	for name, end := range map[string]func(){"panic": func() { panic("on purpose") }, "Goexit": runtime.Goexit} {
		api := &apiphant.API{}
		api.Handle("v0/it", apiphant.Actions{Read: apiphant.NoRequestWithoutContext(func() (any, error) { end(); return nil, nil }).MaxRunning(1)})
		door := nethttp.Handler(api)
		for range 3 {
			w, done := httptest.NewRecorder(), make(chan struct{})
			go func() {
				defer close(done)
				door.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/api/v0/it/read", nil))
			}()
			within(t, "the end of the call", done)
			if w.Code != http.StatusInternalServerError {
				t.Errorf("%s: got %d, want 500", name, w.Code)
			}
		}
	}
}

// within returns what comes from a channel, within a time that only a fault exceeds.
func within[T any](t *testing.T, what string, from <-chan T) (value T) {
	t.Helper()
	select {
	case value = <-from:
	case <-time.After(30 * time.Second):
		t.Fatal("nothing came in time: want " + what)
	}
	return value
}
