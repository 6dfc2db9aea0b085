package durable

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// table is apiphant_worker, as several workers of one test share it.
type table struct {
	mu     sync.Mutex
	beats  map[string]int64
	set    time.Duration // by how much the clock is set
	locked bool          // nobody can write
}

func (t *table) now() int64 { return time.Now().Add(t.set).UnixMicro() }

func (t *table) change(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f()
}

// link is the connection of one worker to a table.
type link struct {
	*table
	noWrites, noReads, noAnswers bool
}

var errLink = errors.New("no connection")

func (l *link) Exec(_ context.Context, statement string, args ...any) (affected int64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.noWrites || l.locked {
		return 0, errLink
	}
	id, all := args[0].(string), newStatements(Dialect{})
	beat, exists := l.beats[id]
	changes := false
	switch statement {
	case all.beat:
		if changes = exists && beat >= 0; changes {
			l.beats[id] = l.now()
		}
	case all.join:
		l.beats[id], changes = l.now(), true
	case all.mark:
		if changes = exists && beat == args[1].(int64); changes {
			l.beats[id] = -1
		}
	}
	if l.noAnswers {
		return 0, errLink
	}
	if changes {
		affected = 1
	}
	return affected, nil
}

func (l *link) Query(_ context.Context, _ string, row func(scan func(into ...any) error) error, _ ...any) error {
	l.mu.Lock()
	rows := map[string]int64{"": l.now()}
	for id, beat := range l.beats {
		rows[id] = beat
	}
	fails := l.noReads
	l.mu.Unlock()
	if fails {
		return errLink
	}
	for id, beat := range rows {
		err := row(func(into ...any) error {
			*into[0].(*string), *into[1].(*int64) = id, beat
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// beating is a worker of which nothing but the heartbeat runs.
type beating struct {
	*link
	end context.CancelFunc

	mu    sync.Mutex
	lost  []time.Duration // when, since the start
	taken []string        // workers whose jobs it takes over, with when
}

func (b *beating) told() (lost []time.Duration, taken []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.lost), slices.Clone(b.taken)
}

func (t *table) start(ctx context.Context, id string) *beating {
	b := &beating{link: &link{table: t}}
	ctx, b.end = context.WithCancel(ctx)
	began := time.Now()
	l := newLedger(b.link, Dialect{}, id)
	go l.heartbeat(ctx, conn{b.link}, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.lost = append(b.lost, time.Since(began))
	}, func(_ context.Context, beat beatResult) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.taken = append(b.taken, beat.dead...)
	})
	return b
}

// TestHeartbeat tests when a worker takes another one for dead, and when it gives
// up what it has itself.
func TestHeartbeat(t *testing.T) {
	const minute = time.Minute
	for _, test := range []struct {
		name    string
		happens func(t *table, a, b *beating) // 20 s after the start
		lost    time.Duration                 // after that, a gives up what it has; 0: never
		takes   bool                          // b takes over what a has
		between [2]time.Duration              // when it has marked a, after that
	}{
		{name: "nothing", happens: func(*table, *beating, *beating) {}},
		{name: "a is killed", happens: func(_ *table, a, _ *beating) { a.end() }, takes: true, between: [2]time.Duration{11 * time.Second, 14 * time.Second}},
		{name: "the clock is set forth", happens: func(t *table, _, _ *beating) { t.change(func() { t.set = time.Hour }) }},
		{name: "the clock is set back", happens: func(t *table, _, _ *beating) { t.change(func() { t.set = -time.Hour }) }},
		{name: "nobody can write for a minute", happens: func(t *table, _, _ *beating) {
			t.change(func() { t.locked = true })
			time.AfterFunc(minute, func() { t.change(func() { t.locked = false }) })
		}},
		{name: "a can't write", happens: func(t *table, a, _ *beating) { t.change(func() { a.noWrites = true }) },
			lost: 10 * time.Second, takes: true, between: [2]time.Duration{11 * time.Second, 14 * time.Second}},
		{name: "a has no connection", happens: func(t *table, a, _ *beating) { t.change(func() { a.noWrites, a.noReads = true, true }) },
			lost: 10 * time.Second, takes: true, between: [2]time.Duration{11 * time.Second, 14 * time.Second}},
		{name: "nobody has a connection for a minute", happens: func(t *table, a, b *beating) {
			both := func(broken bool) {
				t.change(func() {
					for _, l := range []*beating{a, b} {
						l.noWrites, l.noReads = broken, broken
					}
				})
			}
			both(true)
			time.AfterFunc(minute, func() { both(false) })
		}, lost: 10 * time.Second},
		{name: "a has been taken for dead", happens: func(t *table, _, _ *beating) { t.change(func() { t.beats["a"] = -1 }) }, lost: time.Second},
		{name: "the row of a was removed", happens: func(t *table, _, _ *beating) { t.change(func() { delete(t.beats, "a") }) }, lost: time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				workers := &table{beats: map[string]int64{}}
				a, b := workers.start(t.Context(), "a"), workers.start(t.Context(), "b")
				time.Sleep(20 * time.Second)
				synctest.Wait()
				test.happens(workers, a, b)
				var marked time.Duration
				for from := time.Now(); time.Since(from) < 2*minute; time.Sleep(100 * time.Millisecond) {
					workers.change(func() {
						if beat, exists := workers.beats["a"]; exists && beat < 0 && marked == 0 {
							marked = time.Since(from)
						}
					})
				}
				lost, _ := a.told()
				if test.lost == 0 && len(lost) > 0 || test.lost > 0 && len(lost) == 0 {
					t.Errorf("a gave up what it has at %v", lost)
				} else if test.lost > 0 && (lost[0] < 20*time.Second+test.lost-2*time.Second || lost[0] > 20*time.Second+test.lost+time.Second) {
					t.Errorf("a gave up what it has after %s, want %s", lost[0]-20*time.Second, test.lost)
				}
				_, taken := b.told()
				if got := slices.Contains(taken, "a"); got != test.takes {
					t.Errorf("b takes over what a has: %t", got)
				}
				if test.takes && (marked < test.between[0] || marked > test.between[1]) {
					t.Errorf("a is taken for dead after %s, want %v", marked, test.between)
				}
				if lost, taken := b.told(); !test.takes && len(taken) > 0 || test.name != "nobody has a connection for a minute" && len(lost) > 0 {
					t.Errorf("b gave up what it has at %v, and took over %v", lost, taken)
				}
				a.end()
				b.end()
			})
		})
	}
}

// TestUnansweredJoin tests that a worker which did not hear that it has a row
// notices all the same that the row is taken from it.
func TestUnansweredJoin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		workers := &table{beats: map[string]int64{}}
		l := &link{table: workers, noAnswers: true}
		ledger := newLedger(l, Dialect{}, "a")
		for range 2 { // the second finds the row
			_, _ = ledger.writeBeat(t.Context(), ledger.conn)
			l.noAnswers = false
		}
		workers.beats["a"] = -1
		if dead, err := ledger.writeBeat(t.Context(), ledger.conn); err != nil || !dead {
			t.Errorf("got %t, %v, want that it was taken for dead", dead, err)
		}
	})
}

// TestLostJobs tests when jobs are given back that run here by the database only.
func TestLostJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m runningJobs
		m.begin(1)
		running := map[attempt]string{{1, 1}: "job", {2, 1}: "job", {3, 2}: "job"}
		look := func(looked bool) []attempt {
			time.Sleep(3 * time.Second)
			return m.lostJobs(running, looked)
		}
		for range 9 {
			if lost := look(true); len(lost) > 0 {
				t.Fatalf("too early: %v", lost)
			}
		}
		m.begin(3) // its fetch was answered late
		if lost := look(false); len(lost) > 0 {
			t.Fatalf("after a look that failed: %v", lost)
		}
		m.end(3)
		m.end(1)
		for range 10 {
			if lost := look(true); slices.ContainsFunc(lost, func(a attempt) bool { return a.job != 2 }) {
				t.Fatalf("too early: %v", lost)
			}
		}
		if lost := look(true); len(lost) != 3 {
			t.Errorf("got %v, want all three jobs", lost)
		}
	})
}

// TestClock tests that the clock follows that of the database, and not the time
// that an answer takes.
func TestClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, test := range []struct {
			name           string
			by, took, want time.Duration // took: from when the database looked at its clock to the answer
		}{
			{name: "the same"},
			{name: "a slow answer", took: 3 * time.Second},
			{name: "ahead", by: time.Hour, want: time.Hour},
			{name: "ahead, and a slow answer", by: time.Hour, took: 3 * time.Second, want: time.Hour - 3*time.Second},
			{name: "back", by: -time.Hour, want: -time.Hour},
		} {
			var c clock
			asked := time.Now()
			shown := asked.Add(test.by)
			time.Sleep(test.took)
			c.set(shown, asked)
			if got := time.Until(c.Now()); got != test.want {
				t.Errorf("%s: set by %s, want %s", test.name, got, test.want)
			}
		}
	})
}
