package worker_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/engine"
	"github.com/apiphant/apiphant/background/worker"
)

// TestDrainIsKept tests that a worker ends in time whatever hangs.
func TestDrainIsKept(t *testing.T) {
	hangs := func(context.Context) error { select {} }
	for _, test := range []struct {
		name    string
		task    func(ctx context.Context) error
		onError func(ctx context.Context, failure background.Failure) error
		ledger  engine.Database
	}{
		{name: "a function", task: hangs},
		{name: "OnError", task: fails, onError: func(context.Context, background.Failure) error { select {} }},
		{name: "OnError, for a function that is interrupted", task: func(ctx context.Context) error { <-ctx.Done(); panic("no luck") },
			onError: func(context.Context, background.Failure) error { select {} }},
		{name: "the database, when the task is released", task: nothing, ledger: &stuck{shared: shared{entries: map[string]engine.Entry{}}}},
		{name: "the database, at the end", task: nothing, ledger: &deafDatabase{shared{entries: map[string]engine.Entry{}}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			// No synctest: a goroutine that hangs for ever may not stay in its bubble.
			w := newWorker()
			w.Drain = 100 * time.Millisecond
			w.Product.OnError = test.onError
			w.Product.Tasks = func() []background.Task { return []background.Task{{Name: "task", Every: time.Hour, Run: test.task}} }
			if test.ledger != nil {
				w.Database = test.ledger
			}
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			began := time.Now()
			if err := w.Run(ctx); err != nil {
				t.Error(err)
			}
			if took, limit := time.Since(began), 200*time.Millisecond+worker.EndGrace+time.Second; took > limit {
				t.Errorf("it took %s, want less than %s", took, limit)
			}
		})
	}
}

// stuck is a database that does not answer when a task is released.
type stuck struct{ shared }

func (*stuck) Release(ctx context.Context, _ string, _ bool) error { select {} }

// deafDatabase is a database that does not answer at the end.
type deafDatabase struct{ shared }

func (*deafDatabase) Heartbeat(context.Context, func()) error { select {} }

// losing is a database that takes a worker for dead after some seconds.
type losing struct{ shared }

func (*losing) Heartbeat(ctx context.Context, lost func()) error {
	select {
	case <-time.After(3 * time.Second):
		lost()
	case <-ctx.Done():
	}
	<-ctx.Done()
	return nil
}

// TestWhyCancelled tests that the context of a task, its failure and the log say
// why the task was cancelled.
func TestWhyCancelled(t *testing.T) {
	for _, test := range []struct {
		name     string
		database engine.Database
		timeout  time.Duration
		want     string
		failures int
	}{
		{"by the end of the program", nil, 0, "the program had to end before it was done", 1},
		{"by the end of the program, to be repeated", &shared{entries: map[string]engine.Entry{}}, 0, "the program had to end before it was done", 0},
		{"by its timeout", nil, 2 * time.Second, "its timeout is 2s", 1},
		{"since others may have it", &losing{shared{entries: map[string]engine.Entry{}}}, 0, "could not write its heartbeat", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log lines
				var causes []error
				var failures []background.Failure
				w := newWorker()
				w.Log, w.Drain, w.Database = slog.New(&log), -1, test.database
				w.Product.OnError = func(_ context.Context, failure background.Failure) error {
					failures = append(failures, failure)
					return nil
				}
				run(t, 5*time.Second, w, background.Task{Name: "task", Every: time.Hour, Timeout: test.timeout, Run: func(ctx context.Context) error {
					<-ctx.Done()
					causes = append(causes, context.Cause(ctx))
					return errors.New("the driver says: canceled")
				}})
				if len(causes) == 0 || !strings.Contains(causes[0].Error(), test.want) {
					t.Errorf("the causes are %v, want %q", causes, test.want)
				}
				if len(failures) != test.failures {
					t.Errorf("OnError got %v, want %d", failures, test.failures)
				} else if test.failures > 0 && !strings.Contains(failures[0].Err.Error(), test.want) {
					t.Errorf("the failure says %v, want %q", failures[0].Err, test.want)
				}
				want := test.want
				if test.failures == 0 {
					want = "is interrupted by the end of the program, and will be repeated"
				}
				if !strings.Contains(log.String(), want) {
					t.Errorf("the log says\n%s\nwant %q", log.String(), want)
				}
			})
		})
	}
}
