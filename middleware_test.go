package apiphant_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/apiphant/apiphant"
)

// TestWrap lets middlewares ask for their endpoint: in a chain, one in another, and with
// one in between that knows nothing of it.
func TestWrap(t *testing.T) {
	asks := func(access string) func(apiphant.Handler) apiphant.Handler {
		return func(next apiphant.Handler) apiphant.Handler {
			return next.Wrap(func(layer apiphant.Layer) apiphant.Handler {
				if layer.Endpoint != nil {
					layer.Asks(access + " " + layer.Endpoint.Action)
				}
				return next
			})
		}
	}
	passes := func(next apiphant.Handler) apiphant.Handler {
		return func(ctx context.Context, call *apiphant.Call) error { return next(ctx, call) }
	}
	panics := func(next apiphant.Handler) apiphant.Handler {
		return func(ctx context.Context, call *apiphant.Call) error {
			_ = call.Route()
			return next(ctx, call)
		}
	}
	for name, test := range map[string]struct {
		wraps []func(apiphant.Handler) apiphant.Handler
		want  []string
	}{
		"none":           {nil, nil},
		"a chain":        {[]func(apiphant.Handler) apiphant.Handler{asks("a"), passes, asks("b")}, []string{"b read", "a read"}},
		"twice the same": {[]func(apiphant.Handler) apiphant.Handler{asks("a"), asks("a")}, []string{"a read"}},
		"one in another": {[]func(apiphant.Handler) apiphant.Handler{func(next apiphant.Handler) apiphant.Handler { return asks("a")(asks("b")(next)) }}, []string{"b read", "a read"}},
		"around another": {[]func(apiphant.Handler) apiphant.Handler{func(next apiphant.Handler) apiphant.Handler { return asks("a")(passes(next)) }}, []string{"a read"}},
		"around a panic": {[]func(apiphant.Handler) apiphant.Handler{func(next apiphant.Handler) apiphant.Handler { return asks("a")(panics(next)) }}, nil},
		"behind a panic": {[]func(apiphant.Handler) apiphant.Handler{panics, asks("b")}, []string{"b read"}},
		"before a panic": {[]func(apiphant.Handler) apiphant.Handler{asks("a"), panics}, []string{"a read"}},
	} {
		api := &apiphant.API{}
		api.Handle("v0/echo", apiphant.Actions{Read: apiphant.Func(repeat)})
		for _, wrap := range test.wraps {
			api.Use("v0", wrap)
		}
		if err := api.Check(); err != nil {
			t.Error(err)
		}
		if got := api.Routes()[0].Access; !slices.Equal(got, test.want) {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
	if handler := asks("a")(func(context.Context, *apiphant.Call) error { return nil }); handler(t.Context(), nil) != nil {
		t.Error("a handler that belongs to no API can't be called")
	}
}

// TestShared counts how often a middleware makes its state: once for each path that it is
// used for.
func TestShared(t *testing.T) {
	made, used := 0, map[any]int{}
	wrap := func(next apiphant.Handler) apiphant.Handler {
		return next.Wrap(func(layer apiphant.Layer) apiphant.Handler {
			used[layer.Shared("key", func() any { made++; return &made })]++
			layer.Shared("other", func() any { made += 100; return made })
			return next
		})
	}
	api := &apiphant.API{}
	actions := apiphant.Actions{Create: apiphant.Func(repeat), Read: apiphant.Func(repeat)}
	api.Handle("v0/a", actions)
	api.Handle("v0/b", actions)
	api.Use("v0", wrap)
	api.Use("v0/a", wrap)
	if err := api.Check(); err != nil || made != 202 || used[&made] != 6 {
		t.Errorf("made %d, used %v, %v", made, used, err)
	}
	wrap(func(context.Context, *apiphant.Call) error { return nil })
	if made != 303 {
		t.Errorf("without an API: made %d", made)
	}
}

// TestMiddlewareFails reports one reason of many endpoints once.
func TestMiddlewareFails(t *testing.T) {
	api := &apiphant.API{}
	api.Handle("v0/echo", apiphant.Actions{Create: apiphant.Func(repeat), Read: apiphant.Func(repeat)})
	api.Use("", func(next apiphant.Handler) apiphant.Handler {
		return next.Wrap(func(layer apiphant.Layer) apiphant.Handler {
			layer.Fail(errors.New("no luck"))
			return next
		})
	})
	if err := api.Check(); err == nil || strings.Count(err.Error(), "no luck") != 1 || !strings.Contains(err.Error(), "/api/v0/echo/create") {
		t.Errorf("got %v", err)
	}
}

func repeat(_ context.Context, request apiphant.Object) (apiphant.Object, error) { return request, nil }
