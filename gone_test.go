package apiphant

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"
)

// watchingDoor can tell when its client goes, and counts how often it is asked to.
type watchingDoor struct {
	Door
	asked int
	gone  func()
}

func (d *watchingDoor) WatchClient(gone func()) { d.asked, d.gone = d.asked+1, gone }

// blindDoor can't.
type blindDoor struct{ Door }

// TestDoorIsAskedToWatch once, and only in a call that looks at its context.
func TestDoorIsAskedToWatch(t *testing.T) {
	tests := []struct {
		name string
		look func(ctx context.Context)
		want int
	}{
		{"nothing", func(context.Context) {}, 0},
		{"Deadline and Value", func(ctx context.Context) { ctx.Deadline(); ctx.Value(key{}); Log(ctx) }, 0},
		{"Done", func(ctx context.Context) { ctx.Done() }, 1},
		{"Err", func(ctx context.Context) { _ = ctx.Err() }, 1},
		{"Cause", func(ctx context.Context) { _ = context.Cause(ctx) }, 1},
		{"all of them", func(ctx context.Context) { _ = ctx.Err(); ctx.Done(); _ = ctx.Err(); ctx.Done() }, 1},
		{"a child", func(ctx context.Context) {
			_, cancel := context.WithTimeout(context.WithValue(ctx, key{}, 1), time.Hour)
			cancel()
		}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			door := &watchingDoor{}
			call := &callContext{parent: context.Background(), deadline: time.Now().Add(time.Hour), door: door}
			tt.look(call)
			if door.asked != tt.want {
				t.Errorf("the door was asked %d times, want %d", door.asked, tt.want)
			}
			call.end()
		})
	}
	door := &watchingDoor{}
	call := &callContext{parent: context.Background(), door: door}
	call.end()
	if call.Done(); door.asked > 0 {
		t.Error("the door was asked for the first time after the call's end")
	}
	call = &callContext{parent: context.Background(), door: blindDoor{}}
	if call.Done(); call.Err() != nil {
		t.Errorf("with a door that can't tell: got %v", call.Err())
	}
	call.end()
}

// TestClientGone: also who only asks for Err, and had asked before, is told.
func TestClientGone(t *testing.T) {
	for _, waited := range []bool{false, true} {
		for _, timeout := range []time.Duration{0, time.Hour} {
			door := &watchingDoor{}
			call := &callContext{parent: context.Background(), door: door}
			if timeout > 0 {
				call.deadline = time.Now().Add(timeout)
			}
			if err := call.Err(); err != nil {
				t.Fatal(err)
			}
			var done <-chan struct{}
			if waited {
				done = call.Done()
			}
			door.gone()
			if err, cause := call.Err(), context.Cause(call); err != context.Canceled || cause != ErrClientGone {
				t.Errorf("waited %t, timeout %v: got %v because of %v", waited, timeout, err, cause)
			}
			if waited {
				<-done
			}
			call.end()
			door.gone()
			if cause := context.Cause(call); cause != ErrClientGone {
				t.Errorf("after the end: got %v", cause)
			}
		}
	}
	door := &watchingDoor{}
	call := &callContext{parent: context.Background(), door: door}
	call.Done()
	call.end()
	door.gone()
	if cause := context.Cause(call); cause != context.Canceled {
		t.Errorf("a client that goes after the call: got %v", cause)
	}
}

// TestLostClientIs499: whatever a function makes of the end of its context.
func TestLostClientIs499(t *testing.T) {
	lost, lose := context.WithCancelCause(context.Background())
	lose(ErrClientGone)
	child, cancel := context.WithTimeout(lost, time.Hour)
	defer cancel()
	ended, end := context.WithCancel(context.Background())
	end()
	tests := []struct {
		name string
		ctx  context.Context
		err  error
		want int
	}{
		{"the context's error", lost, context.Canceled, 499},
		{"wrapped", lost, fmt.Errorf("asking the database: %w", context.Canceled), 499},
		{"a child's", child, child.Err(), 499},
		{"its cause", lost, context.Cause(child), 499},
		{"its cause, where a middleware has a context of its own", context.Background(), ErrClientGone, 499},
		{"another error", lost, errors.New("out of luck"), http.StatusInternalServerError},
		{"a deadline of the function's own", lost, context.DeadlineExceeded, http.StatusInternalServerError},
		{"a known error", lost, &Error{Status: 409, Err: context.Canceled}, 409},
		{"another end", ended, context.Canceled, http.StatusServiceUnavailable},
	}
	for _, tt := range tests {
		if got := toError(tt.ctx, tt.err).Status; got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.name, got, tt.want)
		}
	}
}
