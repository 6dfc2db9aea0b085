package enginetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/engine"
	"github.com/apiphant/apiphant/background/worker"
)

type args struct {
	To   string         `json:"to"`
	Odd  map[string]any `json:"a.b*?,omitempty"`
	When time.Time      `json:"when,omitzero"`
}

// jobs tests the options of jobs.
func (s suite) jobs(t *testing.T) {
	ran := make(chan string, 100)
	failed := make(chan background.Failure, 100)
	mail := background.NewJob("send_mail", func(_ context.Context, a args) error { ran <- "mail " + a.To; return nil })
	number := background.NewJob("n", func(_ context.Context, n int) error { ran <- fmt.Sprint("number ", n); return nil })
	var tries atomic.Int32
	flaky := background.NewJob("flaky", func(context.Context, struct{}) error {
		if n := tries.Add(1); n < 3 {
			return fmt.Errorf("try %d", n)
		}
		ran <- "flaky"
		return nil
	})
	flaky.Backoff = func(int) time.Duration { return 0 }
	hopeless := background.NewJob("hopeless", func(context.Context, struct{}) error { panic("never") })
	hopeless.Attempts, hopeless.Backoff = 2, func(int) time.Duration { return time.Millisecond }
	wrong := background.NewJob("wrong", func(context.Context, struct{}) error { return errors.New("no luck") })
	wrong.Attempts, wrong.Backoff = 2, func(int) time.Duration { panic("no backoff") }
	slow := background.NewJob("slow", func(ctx context.Context, _ struct{}) error { <-ctx.Done(); return ctx.Err() })
	slow.Timeout, slow.Attempts = 50*time.Millisecond, 1
	unique := background.NewJob("unique", func(_ context.Context, a args) error { ran <- "unique " + a.To; return nil })
	unique.Unique, unique.Queue = true, "others"
	delayed := background.NewJob("delayed", func(context.Context, struct{}) error { ran <- "delayed"; return nil })
	delayed.Delay = time.Second
	once := *hopeless
	once.Attempts = 1
	chained := background.NewJob("chained", func(ctx context.Context, n int) error { return number.Enqueue(ctx, n) })

	product := s.product(mail, number, flaky, hopeless, wrong, slow, unique, delayed, chained)
	product.OnError = func(_ context.Context, failure background.Failure) error { failed <- failure; return nil }
	opened := s.open(t, s.NewURL(t), product.Jobs()...)
	ctx := engine.WithQueue(t.Context(), opened)
	began := time.Now()
	must(t,
		mail.Enqueue(ctx, args{To: "ann"}), number.Enqueue(ctx, 7), flaky.Enqueue(ctx, struct{}{}),
		hopeless.Enqueue(ctx, struct{}{}), once.Enqueue(ctx, struct{}{}), slow.Enqueue(ctx, struct{}{}), wrong.Enqueue(ctx, struct{}{}), delayed.Enqueue(ctx, struct{}{}), chained.Enqueue(ctx, 8),
		unique.Enqueue(ctx, args{To: "a"}), unique.Enqueue(ctx, args{To: "b"}), unique.Enqueue(ctx, args{To: "a"}),
		unique.Enqueue(ctx, args{To: "c", Odd: map[string]any{"x": 1}}), unique.Enqueue(ctx, args{To: "c", Odd: map[string]any{"x": 2}}),
	)
	s.work(t, opened, worker.Worker{Workers: 4}, product)

	got := await(t, ran, 9)
	slices.Sort(got)
	want := []string{"delayed", "flaky", "mail ann", "number 7", "number 8", "unique a", "unique b", "unique c", "unique c"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if took := time.Since(began); took < time.Second || took > limit/2 {
		t.Errorf("the delayed job, and the one with a Backoff of 0, were done after %s", took)
	}
	var failures []string
	for _, f := range await(t, failed, 8) {
		failures = append(failures, fmt.Sprintf("%s %d %t %t %v", f.Task, f.Attempt, f.Last, f.Job, f.Err))
	}
	slices.Sort(failures)
	wantFailures := []string{
		"flaky 1 false true try 1", "flaky 2 false true try 2",
		"hopeless 1 false true panic: never", "hopeless 1 true true panic: never", "hopeless 2 true true panic: never",
		"slow 1 true true context deadline exceeded: its timeout is 50ms",
		"wrong 1 false true no luck", "wrong 2 true true no luck", // with the default in place of a Backoff that panics
	}
	if !slices.Equal(failures, wantFailures) {
		t.Errorf("failures: got %q, want %q", failures, wantFailures)
	}
	// Once a job is done, one with the same arguments can be enqueued. That it is
	// done is written a little later.
	eventually(t, "a unique job to be enqueued again", func() bool {
		must(t, unique.Enqueue(ctx, args{To: "b"}))
		return len(ran) > 0
	})
}

// interrupted tests that a job which is interrupted by the end of its worker is
// repeated, and is no failure.
func (s suite) interrupted(t *testing.T) {
	began, done := make(chan int, 10), make(chan int, 10)
	var first atomic.Bool
	first.Store(true)
	job := background.NewJob("long", func(ctx context.Context, n int) error {
		began <- n
		if first.Swap(false) {
			<-ctx.Done()
			return ctx.Err()
		}
		done <- n
		return nil
	})
	job.Attempts = 1
	url := s.NewURL(t)
	product := s.product(job)
	product.OnError = neverFails(t)
	opened := s.open(t, url, job)
	must(t, job.Enqueue(engine.WithQueue(t.Context(), opened), 1))
	stop := s.work(t, opened, worker.Worker{Drain: -1}, product)
	await(t, began, 1)
	stop()
	s.work(t, s.open(t, url, job), worker.Worker{}, product)
	await(t, done, 1)
}

// neverFails returns an OnError for jobs that are interrupted, which is no failure.
func neverFails(t *testing.T) func(context.Context, background.Failure) error {
	return func(_ context.Context, failure background.Failure) error {
		t.Errorf("OnError is called for a job that is repeated: %s", failure)
		return nil
	}
}

// refused tests what can't be enqueued.
func (s suite) refused(t *testing.T) {
	listed := background.NewJob("listed", func(context.Context, chan int) error { return nil })
	unlisted, text := background.NewJob("unlisted", nothing), background.NewJob("text", func(context.Context, string) error { return nil })
	opened := s.open(t, s.NewURL(t), listed, text)
	ctx := engine.WithQueue(t.Context(), opened)
	otherQueue, noAttempts := *text, *text
	otherQueue.Queue, noAttempts.Attempts = "other", -1
	for _, test := range []struct {
		name string
		err  error
		want string
	}{
		{"a job that is not listed", unlisted.Enqueue(ctx, 1), "Jobs()"},
		{"a queue that no listed job has", otherQueue.Enqueue(ctx, "x"), `"other"`},
		{"an option that is not possible", noAttempts.Enqueue(ctx, "x"), "Attempts is -1"},
		{"arguments that are no JSON", listed.Enqueue(ctx, nil), "can't encode the arguments"},
		{"a NUL character", text.Enqueue(ctx, "a\x00b"), "NUL"},
		{"no database", unlisted.Enqueue(t.Context(), 1), background.ErrNoDatabase.Error()},
	} {
		if test.err == nil || !strings.Contains(test.err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.name, test.err, test.want)
		}
	}
	must(t, text.Enqueue(ctx, `a\u0000b`), text.Enqueue(ctx, `\`)) // no NUL, but a backslash
	if err := unlisted.Enqueue(t.Context(), 1); !errors.Is(err, background.ErrNoDatabase) {
		t.Errorf("without a database: got %v", err)
	}
}

// unknownJob tests that a worker leaves a job alone that it does not know, on a
// queue that it works, and that one which knows it works it as if it were new.
func (s suite) unknownJob(t *testing.T) {
	url := s.NewURL(t)
	ran := make(chan string, 10)
	old := background.NewJob("old", func(context.Context, int) error { ran <- "old"; return nil })
	added := background.NewJob("added", func(context.Context, int) error { ran <- "added"; return nil })
	added.Attempts = 1
	newer := s.open(t, url, old, added)
	ctx := engine.WithQueue(t.Context(), newer)
	must(t, added.Enqueue(ctx, 1))

	product := s.product(old)
	product.OnError = func(_ context.Context, failure background.Failure) error {
		t.Errorf("failed: %s", failure)
		return nil
	}
	older := s.open(t, url, old)
	stop := s.work(t, older, worker.Worker{}, product)
	must(t, old.Enqueue(ctx, 1)) // after the other, so it would be fetched after it
	await(t, ran, 1)
	stop()
	stats, err := newer.Stats(t.Context())
	must(t, err)
	if got := stats.Depth["default"]["available"]; got != 1 {
		t.Errorf("%d jobs are available, want the one that the worker does not know: %+v", got, stats)
	}
	s.work(t, newer, worker.Worker{}, s.product(old, added))
	if got := await(t, ran, 1)[0]; got != "added" {
		t.Errorf("%s ran, want added", got)
	}
}

// stats tests what is counted of queues.
func (s suite) stats(t *testing.T) {
	job, later := background.NewJob("a", nothing), background.NewJob("b", nothing)
	later.Delay, later.Queue = time.Hour, "later"
	opened := s.open(t, s.NewURL(t), job, later)
	ctx := engine.WithQueue(t.Context(), opened)
	for range 3 {
		must(t, job.Enqueue(ctx, 1), later.Enqueue(ctx, 1))
	}
	var stats engine.Stats
	eventually(t, "the oldest job to be 10 ms old", func() bool {
		var err error
		stats, err = opened.Stats(t.Context())
		must(t, err)
		return stats.Oldest["default"] >= 10*time.Millisecond
	})
	if got := fmt.Sprint(stats.Depth["default"]["available"], stats.Depth["later"]["scheduled"], stats.Depth["later"]["available"]); got != "3 3 0" {
		t.Errorf("got %s, want 3 3 0: %+v", got, stats)
	}
	if got := stats.Oldest["default"]; got > limit {
		t.Errorf("the oldest job is %s old", got)
	}
	if stats.Leads {
		t.Error("a program that works no jobs leads")
	}
}
