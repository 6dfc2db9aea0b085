package doortest

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"strconv"
	"strings"

	"github.com/apiphant/apiphant"
)

// count is the request for rows, and what happens after them.
type count struct {
	Rows int    `json:"rows" maximum:"100000"`
	Pad  int    `json:"pad" maximum:"1000000"` // bytes in each row
	Then string `json:"then"`
}

// counted is a row, with an id for event streams.
type counted struct {
	N   int    `json:"n"`
	Pad string `json:"pad,omitempty"`
	ID  string `json:"-"`
}

// EventID is of a pointer, as methods of rows may be.
func (c *counted) EventID() string { return c.ID }

// addStreams adds functions that return sequences.
func addStreams(api *apiphant.API, add func(string, apiphant.Action)) {
	read := func(name string, action apiphant.Action) { // of which the first row may be late, on a busy machine
		add(name, action.Timeout(-1))
	}
	counts := apiphant.Stream(func(_ context.Context, request count) iter.Seq2[counted, error] {
		return request.rows()
	})
	read("v0/stream/count", counts)
	api.Address("GET /api/streams/{rows}", "v0/stream/count/read")
	api.Handle("v0/stream/delete", apiphant.Actions{Delete: counts})
	read("v0/stream/without-context", apiphant.StreamWithoutContext(func(request count) iter.Seq2[*counted, error] {
		return func(yield func(*counted, error) bool) {
			for row, err := range request.rows() {
				if !yield(&row, err) {
					return
				}
			}
		}
	}))
	read("v0/stream/resume", apiphant.Stream(func(ctx context.Context, _ apiphant.Object) iter.Seq2[counted, error] {
		last, _ := strconv.Atoi(apiphant.LastEventID(ctx))
		return func(yield func(counted, error) bool) {
			for n := last + 1; n <= 3 && yield(counted{N: n, ID: strconv.Itoa(n)}, nil); n++ {
			}
		}
	}))
	read("v0/stream/any", apiphant.StreamWithoutContext(func(apiphant.Object) iter.Seq2[any, error] {
		return func(yield func(any, error) bool) {
			_ = yield(apiphant.Object{"b": json.Number("1.0"), "a": json.RawMessage("{\n\"x\" :\n1}")}, nil) &&
				yield(nil, nil) && yield((*counted)(nil), nil) && yield(counted{N: 1, ID: "lost"}, nil) && yield(&counted{N: 2, ID: "two"}, nil) && yield([]int{1}, nil)
		}
	}))
	read("v0/stream/bad-id", apiphant.StreamWithoutContext(func(apiphant.Object) iter.Seq2[counted, error] {
		return func(yield func(counted, error) bool) {
			_ = yield(counted{N: 1, ID: "one"}, nil) && yield(counted{N: 2, ID: "1\ndata: {}"}, nil)
		}
	}))
	read("v0/stream/nil", apiphant.StreamWithoutContext(func(apiphant.Object) iter.Seq2[counted, error] { return nil }))
	add("v0/stream/late", apiphant.Stream(func(ctx context.Context, _ apiphant.Object) iter.Seq2[counted, error] {
		return func(yield func(counted, error) bool) {
			<-ctx.Done() // the first row has to come before
			yield(counted{N: 1}, nil)
		}
	}))
	around := func(name string, handle func(next apiphant.Handler, ctx context.Context, call *apiphant.Call) error) {
		api.Use("v2/stream/"+name, func(next apiphant.Handler) apiphant.Handler {
			return func(ctx context.Context, call *apiphant.Call) error { return handle(next, ctx, call) }
		})
		read("v2/stream/"+name, counts)
	}
	around("answers", func(_ apiphant.Handler, _ context.Context, call *apiphant.Call) error {
		return call.Answer(apiphant.Object{"by": "the middleware"})
	})
	around("answers-late", func(next apiphant.Handler, ctx context.Context, call *apiphant.Call) error {
		return errors.Join(next(ctx, call), call.Answer(apiphant.Object{}))
	})
	around("refuses-late", func(next apiphant.Handler, ctx context.Context, call *apiphant.Call) error {
		return errors.Join(next(ctx, call), &apiphant.Error{Status: 409, Detail: "too late"})
	})
}

// rows are what the request asks for, and then what Then says.
func (c count) rows() iter.Seq2[counted, error] {
	return func(yield func(counted, error) bool) {
		pad := strings.Repeat("x", c.Pad)
		for n := range c.Rows {
			if !yield(counted{N: n, Pad: pad}, nil) {
				return
			}
		}
		switch c.Then {
		case "refuse":
			yield(counted{N: -1}, &apiphant.Error{Status: 409, Detail: "no more"})
		case "refuse and go on":
			yield(counted{}, &apiphant.Error{Status: 409, Detail: "no more"})
			for yield(counted{N: -1}, nil) || true { // for ever
			}
		case "fail":
			yield(counted{}, errSecret)
		case "panic":
			panic("secret")
		}
	}
}
