package apiphant

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

type key struct{}

// twins are a call's context and the standard library's, of the same parent and
// with the same deadline.
type twins struct {
	ours, theirs             context.Context
	call                     *callContext
	endOurs, endTheirs, stop context.CancelFunc
	loseTheirs               context.CancelCauseFunc
}

func newTwins(timeout, parentTimeout time.Duration) *twins {
	parent, stop := context.WithCancelCause(context.WithValue(context.Background(), key{}, "value"))
	release := func() {}
	if parentTimeout > 0 {
		parent, release = context.WithTimeout(parent, parentTimeout)
	}
	t := &twins{stop: func() { stop(errors.New("the cause")); release() }}
	t.call = &callContext{parent: parent}
	t.ours, t.endOurs = t.call, t.call.end
	lost, lose := context.WithCancelCause(parent)
	t.loseTheirs = lose
	if timeout > 0 {
		t.call.deadline = time.Now().Add(timeout)
		t.theirs, t.endTheirs = context.WithDeadline(lost, t.call.deadline)
	} else {
		t.theirs, t.endTheirs = context.WithCancel(lost)
	}
	return t
}

// look is all that can be asked of a context.
func look(ctx context.Context) string {
	done := ctx.Done()
	synctest.Wait()
	closed := false
	select {
	case <-done:
		closed = true
	default:
	}
	deadline, ok := ctx.Deadline()
	return fmt.Sprintln(closed, ctx.Err(), context.Cause(ctx), deadline, ok, ctx.Value(key{}), ctx.Value("none"))
}

// TestContextIsTheStandardLibrarys does the same at random to both, and compares
// them, and what is derived from them, after each step. What nobody has looked
// at yet may decide between two ends by itself: see callContext.
func TestContextIsTheStandardLibrarys(t *testing.T) {
	for seed := range uint64(2000) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			pair := newTwins(time.Duration(random.IntN(4))*time.Second, time.Duration(random.IntN(4))*time.Second)
			defer pair.stop()
			defer pair.endTheirs()
			defer pair.endOurs()
			steps := ""
			check := func(what string, ours, theirs context.Context) {
				if got, want := look(ours), look(theirs); got != want {
					t.Fatalf("seed %d: %s after%s: got %s want %s", seed, what, steps, got, want)
				}
			}
			if random.IntN(2) == 0 {
				steps += " look"
				check("the context", pair.ours, pair.theirs)
			}
			switch random.IntN(4) {
			case 0:
				steps += " end"
				pair.endOurs()
				pair.endTheirs()
			case 1:
				steps += " stop of the parent"
				pair.stop()
			case 2:
				steps += " loss of the client"
				pair.call.loseClient()
				pair.loseTheirs(ErrClientGone)
			case 3:
				steps += " sleep"
				time.Sleep(time.Duration(random.IntN(8)) * time.Second / 2) // of the bubble's clock
			}
			ours, cancelOurs := context.WithTimeout(pair.ours, time.Second)
			theirs, cancelTheirs := context.WithTimeout(pair.theirs, time.Second)
			defer cancelOurs()
			defer cancelTheirs()
			check("a derived context", ours, theirs)
			check("the context", pair.ours, pair.theirs)
			time.Sleep(time.Duration(random.IntN(8)) * time.Second / 2) // of the bubble's clock
			steps += " sleep"
			check("a derived context", ours, theirs)
			check("the context", pair.ours, pair.theirs)
			pair.endOurs()
			pair.endTheirs()
			steps += " end"
			check("a derived context", ours, theirs)
			check("the context", pair.ours, pair.theirs)
		})
	}
}

// TestContextThatNobodyLookedAt ends with the call, and stays as it was seen.
func TestContextThatNobodyLookedAt(t *testing.T) {
	for _, later := range []time.Duration{0, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			pair := newTwins(time.Second, 0)
			defer pair.stop()
			defer pair.endTheirs()
			if err := pair.ours.Err(); err != nil {
				t.Errorf("before the end: got %v, want nil", err)
			}
			pair.endOurs()
			time.Sleep(later) // of the bubble's clock
			for range 2 {
				if err := pair.ours.Err(); err != context.Canceled {
					t.Errorf("%v after the end: got %v, want %v", later, err, context.Canceled)
				}
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		pair := newTwins(time.Second, 0)
		defer pair.stop()
		defer pair.endTheirs()
		time.Sleep(time.Second) // of the bubble's clock
		for range 2 {
			if err := pair.ours.Err(); err != context.DeadlineExceeded {
				t.Errorf("at the deadline: got %v, want %v", err, context.DeadlineExceeded)
			}
			pair.endOurs() // changes nothing
		}
	})
}

// TestContextAfterFunc: who is to be told is told once.
func TestContextAfterFunc(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pair := newTwins(time.Hour, 0)
		defer pair.stop()
		defer pair.endTheirs()
		told := 0
		context.AfterFunc(pair.ours, func() { told++ })
		stop := context.AfterFunc(pair.ours, func() { t.Error("told though it was stopped") })
		if !stop() {
			t.Error("stop: got false, want true")
		}
		pair.endOurs()
		pair.endOurs()
		synctest.Wait()
		if told != 1 {
			t.Errorf("told %d times, want 1", told)
		}
	})
}

// TestContextStartsNoGoroutine for the contexts that are derived from it, also
// by way of others.
func TestContextStartsNoGoroutine(t *testing.T) {
	c := &callContext{parent: context.Background(), deadline: time.Now().Add(time.Hour)}
	before := runtime.NumGoroutine()
	for range 100 {
		child, cancel := context.WithTimeout(context.WithValue(c, key{}, 1), time.Minute)
		defer cancel()
		_, cancel = context.WithCancel(child)
		defer cancel()
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("200 contexts have started %d goroutines", after-before)
	}
	c.end()
}

func TestContextAllocations(t *testing.T) {
	parent := context.WithValue(context.Background(), key{}, 1)
	deadline := time.Now().Add(time.Hour)
	allocations := testing.AllocsPerRun(100, func() {
		call := &Call{context: callContext{parent: parent, deadline: deadline, id: "id"}}
		ctx := context.Context(&call.context)
		if _, ok := ctx.Deadline(); !ok || ctx.Err() != nil || ctx.Value(key{}) != 1 {
			t.Error("not the context that was made")
		}
		call.context.end()
	})
	if allocations > 1 {
		t.Errorf("a call that nobody waits for allocates %v times, want once, for the call itself", allocations)
	}
}
