// Package enginetest is what every engine must do, whatever its database.
package enginetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/engine"
	"github.com/apiphant/apiphant/background/worker"
)

// Run tests an engine on new databases, whose URLs newURL returns.
func Run(t *testing.T, tested engine.Engine, newURL func(t *testing.T) string) {
	s := suite{tested, newURL}
	t.Run("Jobs", s.jobs)
	t.Run("Interrupted", s.interrupted)
	t.Run("Refused", s.refused)
	t.Run("MigrateAtOnce", s.migrateAtOnce)
	t.Run("Stats", s.stats)
	t.Run("Ledger", s.ledger)
	t.Run("ClaimAtOnce", s.claimAtOnce)
	t.Run("Tasks", s.tasks)
	t.Run("TaskInterrupted", s.taskInterrupted)
}

type suite struct {
	engine engine.Engine
	newURL func(t *testing.T) string
}

// limit bounds every wait.
const limit = 20 * time.Second

func (s suite) open(t *testing.T, url string, jobs ...background.AnyJob) engine.Database {
	t.Helper()
	database, err := worker.Open(t.Context(), s.product(jobs...), url, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { database.Close() })
	if err := database.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return database
}

func (s suite) product(jobs ...background.AnyJob) *background.Product {
	return &background.Product{
		Engines: func() []background.Engine { return []background.Engine{s.engine} },
		Jobs:    func() []background.AnyJob { return jobs },
	}
}

// work runs a worker until the test or stop ends it.
func (s suite) work(t *testing.T, database engine.Database, w worker.Worker, product *background.Product) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	w.Product, w.Database = product, database
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("the worker ended with %v", err)
			}
		case <-time.After(limit):
			t.Error("the worker does not end")
		}
	})
	t.Cleanup(stop)
	return stop
}

// await returns the next n that come.
func await[T any](t *testing.T, from <-chan T, n int) (came []T) {
	t.Helper()
	deadline := time.After(limit)
	for len(came) < n {
		select {
		case v := <-from:
			came = append(came, v)
		case <-deadline:
			t.Fatalf("waited %s for %d, %d came: %v", limit, n, len(came), came)
		}
	}
	return came
}

type args struct {
	To   string         `json:"to"`
	Odd  map[string]any `json:"a.b*?,omitempty"`
	When time.Time      `json:"when,omitzero"`
}

func (s suite) jobs(t *testing.T) {
	ran := make(chan string, 100)
	failed := make(chan background.Failure, 100)
	mail := background.NewJob("send_mail", func(_ context.Context, a args) error { ran <- "mail " + a.To; return nil })
	number := background.NewJob("number", func(_ context.Context, n int) error { ran <- fmt.Sprint("number ", n); return nil })
	var mu sync.Mutex
	tries := 0
	flaky := background.NewJob("flaky", func(context.Context, struct{}) error {
		mu.Lock()
		defer mu.Unlock()
		if tries++; tries < 3 {
			return fmt.Errorf("try %d", tries)
		}
		ran <- "flaky"
		return nil
	})
	flaky.Backoff = func(int) time.Duration { return 0 }
	hopeless := background.NewJob("hopeless", func(context.Context, struct{}) error { panic("never") })
	hopeless.Attempts, hopeless.Backoff = 2, func(int) time.Duration { return time.Millisecond }
	slow := background.NewJob("slow", func(ctx context.Context, _ struct{}) error { <-ctx.Done(); return ctx.Err() })
	slow.Timeout, slow.Attempts = 50*time.Millisecond, 1
	unique := background.NewJob("unique", func(_ context.Context, a args) error { ran <- "unique " + a.To; return nil })
	unique.Unique, unique.Queue = true, "others"
	delayed := background.NewJob("delayed", func(context.Context, struct{}) error { ran <- "delayed"; return nil })
	delayed.Delay = time.Second
	once := *hopeless
	once.Attempts = 1
	chained := background.NewJob("chained", func(ctx context.Context, n int) error { return number.Enqueue(ctx, n) })

	product := s.product(mail, number, flaky, hopeless, slow, unique, delayed, chained)
	product.OnError = func(_ context.Context, failure background.Failure) error { failed <- failure; return nil }
	database := s.open(t, s.newURL(t), product.Jobs()...)
	ctx := engine.WithQueue(t.Context(), database)
	began := time.Now()
	for i, err := range []error{
		mail.Enqueue(ctx, args{To: "ann"}), number.Enqueue(ctx, 7), flaky.Enqueue(ctx, struct{}{}),
		hopeless.Enqueue(ctx, struct{}{}), once.Enqueue(ctx, struct{}{}), slow.Enqueue(ctx, struct{}{}), delayed.Enqueue(ctx, struct{}{}), chained.Enqueue(ctx, 8),
		unique.Enqueue(ctx, args{To: "a"}), unique.Enqueue(ctx, args{To: "b"}), unique.Enqueue(ctx, args{To: "a"}),
		unique.Enqueue(ctx, args{To: "c", Odd: map[string]any{"x": 1}}), unique.Enqueue(ctx, args{To: "c", Odd: map[string]any{"x": 2}}),
	} {
		if err != nil {
			t.Fatalf("enqueueing %d: %v", i, err)
		}
	}
	s.work(t, database, worker.Worker{Workers: 4}, product)

	got := await(t, ran, 9)
	slices.Sort(got)
	want := []string{"delayed", "flaky", "mail ann", "number 7", "number 8", "unique a", "unique b", "unique c", "unique c"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if took := time.Since(began); took < time.Second || took > 12*time.Second {
		t.Errorf("the delayed job, and the one with a Backoff of 0, were done after %s", took)
	}
	var failures []string
	for _, f := range await(t, failed, 6) {
		failures = append(failures, fmt.Sprintf("%s %d %t %t %v", f.Task, f.Attempt, f.Last, f.Job, f.Err))
	}
	slices.Sort(failures)
	wantFailures := []string{
		"flaky 1 false true try 1", "flaky 2 false true try 2",
		"hopeless 1 false true panic: never", "hopeless 1 true true panic: never", "hopeless 2 true true panic: never",
		"slow 1 true true context deadline exceeded: its timeout is 50ms",
	}
	if !slices.Equal(failures, wantFailures) {
		t.Errorf("failures: got %q, want %q", failures, wantFailures)
	}
	// Once it is done, the same arguments can come again.
	if err := unique.Enqueue(ctx, args{To: "b"}); err != nil {
		t.Fatal(err)
	}
	s.awaitUnique(t, func() error { return unique.Enqueue(ctx, args{To: "b"}) }, ran)
}

// awaitUnique enqueues until it is taken: what was done is written in batches.
func (s suite) awaitUnique(t *testing.T, enqueue func() error, ran <-chan string) {
	t.Helper()
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); {
		if err := enqueue(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-ran:
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
	t.Error("a unique job that is done keeps others from being enqueued")
}

// interrupted tests that a job which the end of a worker interrupts is begun
// anew, and is no failure.
func (s suite) interrupted(t *testing.T) {
	began, done := make(chan int, 10), make(chan int, 10)
	job := background.NewJob("long", func(ctx context.Context, n int) error {
		began <- n
		if n == 1 && len(done) == 0 && ctx.Value(firstKey{}) == nil {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(3 * time.Second):
			}
		}
		done <- n
		return nil
	})
	job.Attempts = 1
	url := s.newURL(t)
	product := s.product(job)
	product.OnError = func(_ context.Context, failure background.Failure) error {
		t.Errorf("OnError is told of a job that is begun anew: %s", failure)
		return nil
	}
	first := s.open(t, url, job)
	if err := job.Enqueue(engine.WithQueue(t.Context(), first), 1); err != nil {
		t.Fatal(err)
	}
	stop := s.work(t, first, worker.Worker{Drain: -1}, product)
	await(t, began, 1)
	stop()
	if len(done) > 0 {
		t.Fatal("the drain waited")
	}
	s.work(t, s.open(t, url, job), worker.Worker{}, product)
	await(t, began, 1)
	await(t, done, 1)
}

type firstKey struct{}

func (s suite) refused(t *testing.T) {
	listed, unlisted := background.NewJob("listed", func(context.Context, chan int) error { return nil }), background.NewJob("unlisted", nothing)
	database := s.open(t, s.newURL(t), listed)
	ctx := engine.WithQueue(t.Context(), database)
	if err := unlisted.Enqueue(ctx, 1); err == nil || !strings.Contains(err.Error(), "Jobs()") {
		t.Errorf("a job that is not listed: got %v", err)
	}
	if err := listed.Enqueue(ctx, nil); err == nil || !strings.Contains(err.Error(), "can't encode the arguments") {
		t.Errorf("arguments that are no JSON: got %v", err)
	}
	if err := unlisted.Enqueue(t.Context(), 1); !errors.Is(err, background.ErrNoDatabase) {
		t.Errorf("without a database: got %v", err)
	}
}

func nothing(context.Context, int) error { return nil }

func (s suite) migrateAtOnce(t *testing.T) {
	url := s.newURL(t)
	first, err := worker.Open(t.Context(), s.product(), url, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if err := first.Migrated(t.Context()); err == nil || !strings.Contains(err.Error(), "--migrate") {
		t.Errorf("an empty database: got %v", err)
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			database, err := worker.Open(t.Context(), s.product(), url, nil)
			if err != nil {
				t.Error(err)
				return
			}
			defer database.Close()
			for range 2 {
				if err := database.Migrate(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if err := first.Migrated(t.Context()); err != nil {
		t.Error(err)
	}
}

func (s suite) stats(t *testing.T) {
	job, later := background.NewJob("a", nothing), background.NewJob("b", nothing)
	later.Delay, later.Queue = time.Hour, "later"
	database := s.open(t, s.newURL(t), job, later)
	ctx := engine.WithQueue(t.Context(), database)
	for range 3 {
		if err := errors.Join(job.Enqueue(ctx, 1), later.Enqueue(ctx, 1)); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(20 * time.Millisecond)
	stats, err := database.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(stats.Depth["default"]["available"], stats.Depth["later"]["scheduled"], stats.Depth["later"]["available"]); got != "3 3 0" {
		t.Errorf("got %s, want 3 3 0: %+v", got, stats)
	}
	if got := stats.Oldest["default"]; got < 10*time.Millisecond || got > limit {
		t.Errorf("the oldest job is %s old", got)
	}
	if stats.Leads {
		t.Error("a program that works no jobs leads")
	}
}

func (s suite) ledger(t *testing.T) {
	url := s.newURL(t)
	ctx := t.Context()
	a, b := s.open(t, url), s.open(t, url)
	keepA, endA := context.WithCancel(ctx)
	var keeping sync.WaitGroup
	keeping.Go(func() { _ = a.Heartbeat(keepA, func() { t.Error("lost") }) })
	defer keeping.Wait()
	defer endA()

	zero := time.Unix(1_000_000_000, 123).UTC()
	must(t, a.Begin(ctx, "task", "every 1s", zero), b.Begin(ctx, "task", "every 1s", zero.Add(time.Hour)))
	entry := s.entry(t, b, "task")
	if !entry.Tick.Equal(zero) || entry.Spec != "every 1s" || entry.Busy || entry.Orphan {
		t.Fatalf("at the beginning: %+v", entry)
	}
	tick := zero.Add(time.Second)
	claim := func(of engine.Database, seen engine.Entry, tick time.Time, want bool) {
		t.Helper()
		if got, err := of.Claim(ctx, "task", seen, tick); err != nil || got != want {
			t.Errorf("claim: got %t, %v, want %t", got, err, want)
		}
	}
	claim(a, entry, tick, true)
	claim(b, entry, tick, false)
	busy := s.entry(t, b, "task")
	if !busy.Busy || !busy.Tick.Equal(tick) || busy.Tries != 1 {
		t.Errorf("while it runs: %+v", busy)
	}
	claim(b, busy, tick.Add(time.Second), false) // not beside itself
	must(t, b.Release(ctx, "task", true))        // not b's to release
	claim(b, busy, tick.Add(time.Second), false)

	must(t, a.Release(ctx, "task", false)) // interrupted
	orphan := s.entry(t, b, "task")
	if !orphan.Orphan || orphan.Busy || !orphan.Tick.Equal(tick) {
		t.Errorf("interrupted: %+v", orphan)
	}
	claim(b, orphan, tick, true)
	if again := s.entry(t, a, "task"); again.Tries != 2 {
		t.Errorf("taken over: %+v", again)
	}
	must(t, b.Release(ctx, "task", true))
	claim(a, entry, tick.Add(time.Second), false) // its tick is not the last one any more

	done := s.entry(t, a, "task")
	claim(a, done, tick.Add(time.Second), true)
	endA() // it leaves
	keeping.Wait()
	if left := s.entry(t, b, "task"); !left.Orphan {
		t.Errorf("what a worker had when it left: %+v", left)
	}
	claim(a, s.entry(t, b, "task"), tick.Add(2*time.Second), false) // it is not alive

	must(t, b.Begin(ctx, "task", "every 2s", zero))
	if changed := s.entry(t, b, "task"); changed.Spec != "every 2s" || !changed.Tick.Equal(zero) {
		t.Errorf("another schedule: %+v", changed)
	}
	claim(b, orphan, tick, false)
}

func (s suite) entry(t *testing.T, of engine.Database, task string) engine.Entry {
	t.Helper()
	entries, err := of.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return entries[task]
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// claimAtOnce lets many workers claim the same ticks.
func (s suite) claimAtOnce(t *testing.T) {
	url := s.newURL(t)
	zero := time.Unix(1_000_000_000, 0)
	const workers, ticks = 4, 25
	taken := make([]int, ticks)
	var mu sync.Mutex
	var group sync.WaitGroup
	for range workers {
		database := s.open(t, url)
		must(t, database.Begin(t.Context(), "task", "spec", zero))
		group.Go(func() {
			for {
				entries, err := database.Read(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				seen := entries["task"]
				n := int(seen.Tick.Sub(zero) / time.Second)
				if n == ticks {
					return
				}
				won, err := database.Claim(t.Context(), "task", seen, seen.Tick.Add(time.Second))
				if err != nil {
					t.Error(err)
					return
				}
				if won {
					mu.Lock()
					taken[n]++
					mu.Unlock()
					must(t, database.Release(t.Context(), "task", true))
				}
			}
		})
	}
	group.Wait()
	if slices.Min(taken) != 1 || slices.Max(taken) != 1 {
		t.Errorf("how often each tick was taken: %v", taken)
	}
}

// tasks tests that two workers share the ticks of a task, and one at a time.
func (s suite) tasks(t *testing.T) {
	url := s.newURL(t)
	ticks := make(chan time.Time, 1000)
	product := s.product()
	product.Tasks = func() []background.Task {
		return []background.Task{{Name: "task", Every: 100 * time.Millisecond, EveryTick: true, Run: func(ctx context.Context) error {
			ticks <- background.Tick(ctx)
			return nil
		}}}
	}
	stop := s.work(t, s.open(t, url), worker.Worker{}, product)
	s.work(t, s.open(t, url), worker.Worker{}, product)
	came := await(t, ticks, 10)
	stop()
	came = append(came, await(t, ticks, 10)...)
	slices.SortFunc(came, time.Time.Compare)
	for i := 1; i < len(came); i++ {
		if gap := came[i].Sub(came[i-1]); gap != 100*time.Millisecond {
			t.Errorf("between ticks %d and %d are %s", i-1, i, gap)
		}
	}
	if ok, err := (&worker.Worker{Product: product, Database: s.open(t, url)}).Once(t.Context(), "task"); !ok || err != nil {
		t.Errorf("once: got %t, %v", ok, err)
	}
}

// taskInterrupted tests that a run which the end of its worker interrupts is
// begun anew, for the same tick, and one that fails is not.
func (s suite) taskInterrupted(t *testing.T) {
	url := s.newURL(t)
	ticks := make(chan time.Time, 10)
	patient := true
	product := s.product()
	product.Tasks = func() []background.Task {
		return []background.Task{{Name: "task", Every: time.Hour, Run: func(ctx context.Context) error {
			ticks <- background.Tick(ctx)
			if patient {
				<-ctx.Done()
				return ctx.Err()
			}
			return errors.New("no luck")
		}}}
	}
	stop := s.work(t, s.open(t, url), worker.Worker{Drain: -1}, product)
	first := await(t, ticks, 1)[0]
	stop()
	patient = false
	s.work(t, s.open(t, url), worker.Worker{}, product)
	if again := await(t, ticks, 1)[0]; !again.Equal(first) {
		t.Errorf("the tick of %s was begun anew as that of %s", first, again)
	}
	s.work(t, s.open(t, url), worker.Worker{}, product)
	select {
	case again := <-ticks:
		t.Errorf("a run that failed was begun anew: %s", again)
	case <-time.After(3 * time.Second): // two looks at the ledger
	}
}
