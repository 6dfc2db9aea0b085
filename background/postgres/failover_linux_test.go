package postgres_test

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/engine"
	"github.com/apiphant/apiphant/background/internal/enginetest"
	"github.com/apiphant/apiphant/background/postgres"
	"github.com/apiphant/apiphant/background/worker"
	server "github.com/apiphant/apiphant/database/postgres"
	"github.com/apiphant/apiphant/internal/pgtest"
)

// TestMain makes this program also the worker that the tests kill.
func TestMain(m *testing.M) {
	if !enginetest.WorkInProcess(work) {
		os.Exit(pgtest.Main(m))
	}
}

const period = 500 * time.Millisecond

// Runs are written to a file, which no database takes away.
func work(ctx context.Context, url, file string) error {
	to, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	tell := func(what, which, state string) {
		fmt.Fprintf(to, "%s %s %s %d %d\n", what, which, state, os.Getpid(), time.Now().UnixMilli())
	}
	task := func(name string, took time.Duration) func(context.Context) error {
		return func(ctx context.Context) error {
			tick := background.Tick(ctx).Format(time.RFC3339Nano)
			tell(name, tick, "begin")
			select {
			case <-time.After(took):
			case <-ctx.Done():
				return ctx.Err()
			}
			tell(name, tick, "end")
			return nil
		}
	}
	job := background.NewJob("count", func(_ context.Context, n int) error {
		tell("job", fmt.Sprint(n), "begin")
		time.Sleep(20 * time.Millisecond) // work, in the middle of which the worker may be killed
		tell("job", fmt.Sprint(n), "end")
		return nil
	})
	product := &background.Product{
		Engines: func() []background.Engine { return []background.Engine{postgres.Engine()} },
		Jobs:    func() []background.AnyJob { return []background.AnyJob{job} },
		Tasks: func() []background.Task {
			return []background.Task{
				{Name: "every", Every: period, EveryTick: true, Run: task("every", 20*time.Millisecond)},
				{Name: "once", Every: period, Beside: true, Run: task("once", 20*time.Millisecond)},
				{Name: "long", Every: 5 * time.Second, Beside: true, EveryTick: true, Run: task("long", 2*time.Second)},
			}
		},
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	db, err := server.Open(ctx, url)
	if err != nil {
		return err
	}
	defer db.Close()
	opened, err := worker.Open(product, db, log)
	if err != nil {
		return err
	}
	if err := opened.Migrate(ctx); err != nil {
		return err
	}
	tell("worker", "all", "begin")
	return (&worker.Worker{Product: product, Log: log, Database: opened, Drain: 10 * time.Second}).Run(ctx)
}

// fleet is the workers of one database.
type fleet struct {
	t       *testing.T
	url     string
	file    string
	workers []*exec.Cmd
	started int          // how many workers there were, those that have ended included: each has a log of its own
	killed  map[int]bool // by pid
}

func newFleet(t *testing.T, url string, workers int) *fleet {
	t.Helper()
	if testing.Short() {
		t.Skip("waits until workers that were killed, stopped or frozen are missed")
	}
	f := &fleet{t: t, url: url, file: filepath.Join(t.TempDir(), "runs"), killed: map[int]bool{}}
	t.Cleanup(func() {
		for _, w := range f.workers {
			_ = w.Process.Kill()
			_ = w.Wait()
		}
	})
	for range workers {
		f.start()
	}
	f.await("ticks, and all workers", 60*time.Second, func(runs []ran) bool {
		return len(of(runs, "every", "end")) > 2 && len(of(runs, "worker", "begin")) == workers
	})
	return f
}

func (f *fleet) start() {
	f.t.Helper()
	w := enginetest.Process(f.url, f.file)
	log, err := os.Create(fmt.Sprintf("%s.%d.log", f.file, f.started))
	if err != nil {
		f.t.Fatal(err)
	}
	w.Stdout, w.Stderr = log, log
	if err := w.Start(); err != nil {
		f.t.Fatal(err)
	}
	f.workers = append(f.workers, w)
	f.started++
}

// remove ends a worker by a signal and waits for it.
func (f *fleet) remove(pid int, with syscall.Signal) {
	f.t.Helper()
	i := slices.IndexFunc(f.workers, func(w *exec.Cmd) bool { return w.Process.Pid == pid })
	if i < 0 {
		f.t.Fatalf("there is no worker %d", pid)
	}
	w := f.workers[i]
	log := w.Stdout.(*os.File).Name()
	for deadline := time.Now().Add(20 * time.Second); with == syscall.SIGTERM && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if written, err := os.ReadFile(log); err != nil || bytes.Contains(written, []byte(enginetest.HearsSIGTERM)) {
			break
		}
	}
	_ = w.Process.Signal(with)
	err := w.Wait()
	f.killed[pid] = with == syscall.SIGKILL
	if f.workers = slices.Delete(f.workers, i, i+1); err != nil && with == syscall.SIGTERM {
		written, _ := os.ReadFile(log)
		f.t.Errorf("a worker that was told to end did so with %v\n%s", err, tail(string(written)))
	}
}

// leader is the worker that River elected, or that ran the last tick.
func (f *fleet) leader() int {
	f.t.Helper()
	var id string
	conn, err := pgx.Connect(f.t.Context(), f.url)
	if err == nil {
		defer conn.Close(f.t.Context())
		if err = conn.QueryRow(f.t.Context(), "SELECT leader_id FROM river_leader").Scan(&id); err == nil {
			for _, w := range f.workers {
				if strings.Contains(id, fmt.Sprintf("-%d-", w.Process.Pid)) {
					return w.Process.Pid
				}
			}
		}
	}
	return f.last()
}

// last is the worker that ran the last tick, of those that run.
func (f *fleet) last() int {
	for _, r := range slices.Backward(f.runs()) {
		if r.what == "every" && slices.ContainsFunc(f.workers, func(w *exec.Cmd) bool { return w.Process.Pid == r.pid }) {
			return r.pid
		}
	}
	return f.workers[0].Process.Pid
}

// ran is a line of the file.
type ran struct {
	what, which, state string
	pid                int
	at                 time.Time
}

func (f *fleet) runs() (runs []ran) {
	file, err := os.Open(f.file)
	if err != nil {
		return nil
	}
	defer file.Close()
	for scanner := bufio.NewScanner(file); scanner.Scan(); {
		var r ran
		var at int64
		if n, _ := fmt.Sscan(scanner.Text(), &r.what, &r.which, &r.state, &r.pid, &at); n == 5 {
			r.at = time.UnixMilli(at)
			runs = append(runs, r)
		}
	}
	return runs
}

func of(runs []ran, what, state string) (some []ran) {
	for _, r := range runs {
		if r.what == what && r.state == state {
			some = append(some, r)
		}
	}
	return some
}

// await waits for something to have happened.
func (f *fleet) await(what string, limit time.Duration, happened func(runs []ran) bool) {
	f.t.Helper()
	ticker, deadline := time.NewTicker(10*time.Millisecond), time.After(limit)
	defer ticker.Stop()
	for !happened(f.runs()) {
		select {
		case <-ticker.C:
		case <-deadline:
			for i := range 20 {
				if log, err := os.ReadFile(fmt.Sprintf("%s.%d.log", f.file, i)); err == nil {
					f.t.Logf("worker %d:\n%s", i, tail(string(log)))
				}
			}
			f.t.Fatalf("waited %s for %s", limit, what)
		}
	}
}

func tail(text string) string { return text[max(0, len(text)-3000):] }

// nextTick waits for a tick of each task to begin from now on and returns how
// long that took.
func (f *fleet) nextTick(limit time.Duration) time.Duration {
	f.t.Helper()
	from := time.Now()
	var took time.Duration
	f.await("the next tick", limit, func(runs []ran) bool {
		took = 0
		for _, name := range []string{"every", "once"} {
			i := slices.IndexFunc(runs, func(r ran) bool { return r.what == name && r.state == "begin" && r.at.After(from) })
			if i < 0 {
				return false
			}
			took = max(took, runs[i].at.Sub(from))
		}
		return true
	})
	return took
}

// ticks counts, of those that ended, how many ticks of a task are missing
// between the first and the last, and how many are there twice. What a worker
// finished that was killed before it could say so may be there again.
func (f *fleet) ticks(runs []ran, what string, period time.Duration) (ended, lost, doubled int) {
	ends := map[time.Time]int{} // by workers that lived to say so
	for _, r := range of(runs, what, "end") {
		tick, _ := time.Parse(time.RFC3339Nano, r.which)
		if ends[tick] += 0; !f.killed[r.pid] {
			ends[tick]++
		}
	}
	at := slices.SortedFunc(maps.Keys(ends), time.Time.Compare)
	for i, tick := range at {
		doubled += max(ends[tick]-1, 0)
		if i > 0 {
			lost += int(tick.Sub(at[i-1])/period) - 1
		}
	}
	return len(at), lost, doubled
}

// overlaps counts runs of a task that began while another of it ran in a worker
// that was not killed.
func (f *fleet) overlaps(runs []ran, what string) (n int) {
	open := map[int]bool{} // by pid
	for _, r := range runs {
		if r.what != what || f.killed[r.pid] {
			continue
		}
		if r.state == "end" {
			delete(open, r.pid)
			continue
		}
		if delete(open, r.pid); len(open) > 0 {
			n++
		}
		open[r.pid] = true
	}
	return n
}

// report checks what the runs must have come to, once the ticks up to now are done.
func (f *fleet) report(scenario string, next []time.Duration) {
	f.t.Helper()
	now := time.Now()
	f.await("the ticks up to now", 60*time.Second, func(runs []ran) bool {
		done := of(runs, "every", "end")
		tick, _ := time.Parse(time.RFC3339Nano, done[len(done)-1].which)
		return tick.After(now)
	})
	for len(f.workers) > 0 {
		f.remove(f.workers[0].Process.Pid, syscall.SIGTERM)
	}
	runs := f.runs()
	ended, lost, doubled := f.ticks(runs, "every", period)
	onceEnded, onceLost, onceDoubled := f.ticks(runs, "once", period)
	longEnded, longLost, longDoubled := f.ticks(runs, "long", 5*time.Second)
	f.t.Logf("%s: every tick: %d, lost %d, doubled %d; coalesced: %d, left out %d, doubled %d; long: %d, lost %d, doubled %d; next tick after %v",
		scenario, ended, lost, doubled, onceEnded, onceLost, onceDoubled, longEnded, longLost, longDoubled, next)
	if lost+doubled+onceDoubled+longLost+longDoubled > 0 {
		f.t.Errorf("ticks were lost or doubled")
	}
	if len(next) > 0 && slices.Max(next) > 20*time.Second {
		f.t.Errorf("the next tick took %s", slices.Max(next))
	}
	for _, name := range []string{"every", "once"} {
		if n := f.overlaps(runs, name); n > 0 {
			f.t.Errorf("task %s ran beside itself %d times", name, n)
		}
	}
}

func scenario(short, long int) int {
	if full {
		return long
	}
	return short
}

func TestLeaderIsKilled(t *testing.T) {
	t.Parallel()
	f := newFleet(t, pgtest.NewDatabase(t), 3)
	var next []time.Duration
	for range scenario(2, 6) {
		f.remove(f.leader(), syscall.SIGKILL)
		next = append(next, f.nextTick(20*time.Second))
		f.start()
	}
	f.report("killed with -9", next)
}

// TestKilledInTheMiddle kills who has the task: another worker does that tick.
func TestKilledInTheMiddle(t *testing.T) {
	t.Parallel()
	f := newFleet(t, pgtest.NewDatabase(t), 2)
	begun := func() ran {
		var found ran
		f.await("a long run to begin", 20*time.Second, func(runs []ran) bool {
			all := of(runs, "long", "begin")
			if len(all) == len(of(runs, "long", "end")) {
				return false
			}
			found = all[len(all)-1]
			return true
		})
		return found
	}()
	from := time.Now()
	f.remove(begun.pid, syscall.SIGKILL)
	var again ran
	f.await("another worker to do it", 20*time.Second, func(runs []ran) bool {
		for _, r := range of(runs, "long", "end") {
			if r.which == begun.which {
				again = r
				return true
			}
		}
		return false
	})
	f.report("killed in the middle of a run", []time.Duration{again.at.Add(-2 * time.Second).Sub(from)})
}

func TestLeaderIsStopped(t *testing.T) {
	t.Parallel()
	f := newFleet(t, pgtest.NewDatabase(t), 2)
	var next []time.Duration
	for range scenario(3, 12) {
		f.start()
		f.remove(f.leader(), syscall.SIGTERM)
		next = append(next, f.nextTick(20*time.Second))
	}
	f.report("stopped gracefully", next)
}

func TestWorkerIsFrozen(t *testing.T) {
	t.Parallel()
	f := newFleet(t, pgtest.NewDatabase(t), 2)
	var next []time.Duration
	for range scenario(1, 3) {
		frozen := f.last()
		if err := syscall.Kill(frozen, syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		thaw := time.AfterFunc(9*time.Second, func() { _ = syscall.Kill(frozen, syscall.SIGCONT) })
		next = append(next, f.nextTick(20*time.Second))
		time.Sleep(time.Until(time.Now().Add(9 * time.Second))) // it is frozen for a time: that is what is tested
		thaw.Stop()
		_ = syscall.Kill(frozen, syscall.SIGCONT)
	}
	f.report("frozen for 9 s", next)
}

func TestDatabaseIsRestarted(t *testing.T) {
	t.Parallel()
	cluster := pgtest.Start(t)
	f := newFleet(t, cluster.URL("postgres"), 3)
	var next []time.Duration
	for i := range scenario(2, 4) {
		cluster.Stop([]syscall.Signal{syscall.SIGINT, syscall.SIGQUIT}[i%2])
		if i == 3 {
			time.Sleep(15 * time.Second) // longer than workers are believed to be alive
		}
		if err := cluster.Run(); err != nil {
			t.Fatal(err)
		}
		next = append(next, f.nextTick(20*time.Second))
	}
	f.report("database restarted", next)
}

// TestJobsSurvive kills workers while they work jobs: each is done.
func TestJobsSurvive(t *testing.T) {
	t.Parallel()
	f := newFleet(t, pgtest.NewDatabase(t), 3)
	const count = 500
	job := background.NewJob("count", func(context.Context, int) error { return nil })
	_, opened := open(t, product(nil, job), f.url)
	ctx := engine.WithQueue(t.Context(), opened)
	for i := range count {
		if err := job.Enqueue(ctx, i); err != nil {
			t.Fatal(err)
		}
		if i == count/3 || i == count*2/3 {
			f.remove(f.workers[0].Process.Pid, syscall.SIGKILL)
			f.start()
		}
	}
	from := time.Now()
	f.await("all jobs", 60*time.Second, func(runs []ran) bool { return len(distinct(of(runs, "job", "end"))) == count })
	f.t.Logf("jobs: all %d done, %d of them twice, the last %s after it was enqueued", count,
		len(of(f.runs(), "job", "end"))-count, cmp.Or(time.Since(from).Round(time.Millisecond), 0))
}

func distinct(runs []ran) map[string]bool {
	found := map[string]bool{}
	for _, r := range runs {
		found[r.which] = true
	}
	return found
}
