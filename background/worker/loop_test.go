package worker_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/worker"
)

func nothing(context.Context) error { return nil }

// trace is what happened, each with the seconds since the start.
type trace struct {
	mu    sync.Mutex
	start time.Time
	lines []string
}

func newTrace() *trace { return &trace{start: time.Now()} }

func (l *trace) add(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, fmt.Sprintf("%g %s", time.Since(l.start).Seconds(), what))
}

func (l *trace) told() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.lines)
}

// task takes a while, and tells when it begins.
func (l *trace) task(name string, took time.Duration, err error) func(context.Context) error {
	return func(ctx context.Context) error {
		l.add(name)
		select {
		case <-time.After(took):
			return err
		case <-ctx.Done():
			l.add(name + ": " + ctx.Err().Error())
			return ctx.Err()
		}
	}
}

// run runs tasks for a while of a time that a test has to itself.
func run(t *testing.T, d time.Duration, w *worker.Worker, tasks ...background.Task) {
	t.Helper()
	w.Product.Tasks = func() []background.Task { return tasks }
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	if err := w.Run(ctx); err != nil {
		t.Error(err)
	}
}

func newWorker() *worker.Worker { return &worker.Worker{Product: &background.Product{}} }

func TestLoop(t *testing.T) {
	every := func(seconds int, name string, run func(context.Context) error) background.Task {
		task := background.Seconds(seconds, run)
		task.Name = name
		return task
	}
	for _, test := range []struct {
		name  string
		run   time.Duration
		tasks func(l *trace) []background.Task
		want  []string
	}{
		{"at once and then on its period", 5 * time.Second, func(l *trace) []background.Task {
			return []background.Task{every(2, "A", l.task("A", 0, nil))}
		}, []string{"0 A", "2 A", "4 A"}},
		{"the shortest period first", 7 * time.Second, func(l *trace) []background.Task {
			return []background.Task{every(6, "C", l.task("C", 0, nil)), every(2, "A", l.task("A", 0, nil)), every(3, "B", l.task("B", 0, nil))}
		}, []string{"0 A", "0 B", "0 C", "2 A", "3 B", "4 A", "6 A", "6 B", "6 C"}},
		{"never over each other, and all have a turn", 6 * time.Second, func(l *trace) []background.Task {
			return []background.Task{every(1, "A", l.task("A", 1500*time.Millisecond, nil)), every(10, "B", l.task("B", time.Second, nil))}
		}, []string{"0 A", "1.5 B", "2.5 A", "4 A", "5.5 A"}},
		{"longer than its period: what was missed is one run", 8 * time.Second, func(l *trace) []background.Task {
			return []background.Task{every(2, "A", l.task("A", 3*time.Second, nil))}
		}, []string{"0 A", "3 A", "6 A"}},
		{"what was missed is one run, for the last of them", 11 * time.Second, func(l *trace) []background.Task {
			first := true
			return []background.Task{every(2, "A", func(ctx context.Context) error {
				l.add(fmt.Sprint(background.Tick(ctx).Sub(l.start).Seconds()))
				if first {
					first = false
					time.Sleep(7 * time.Second) // of the bubble's clock
				}
				return nil
			})}
		}, []string{"0 0", "7 6", "8 8", "10 10"}},
		{"every tick", 8500 * time.Millisecond, func(l *trace) []background.Task {
			first := true
			task := every(1, "A", func(ctx context.Context) error {
				l.add(fmt.Sprint(background.Tick(ctx).Sub(l.start).Seconds()))
				if first {
					first = false
					time.Sleep(4 * time.Second) // of the bubble's clock
				}
				return nil
			})
			task.EveryTick = true
			return []background.Task{task}
		}, []string{"0 0", "4 1", "4 2", "4 3", "4 4", "5 5", "6 6", "7 7", "8 8"}},
		{"a failed one waits for its next time", 5 * time.Second, func(l *trace) []background.Task {
			return []background.Task{every(2, "A", l.task("A", 0, errors.New("no")))}
		}, []string{"0 A", "2 A", "4 A"}},
		{"panics and Goexit end nothing but their run", 3 * time.Second, func(l *trace) []background.Task {
			return []background.Task{
				every(2, "A", func(context.Context) error { l.add("A"); panic("no") }),
				every(2, "B", func(context.Context) error { l.add("B"); runtime.Goexit(); return nil }),
				every(2, "C", l.task("C", 0, nil)),
			}
		}, []string{"0 A", "0 B", "0 C", "2 A", "2 B", "2 C"}},
		{"beside the others", 4500 * time.Millisecond, func(l *trace) []background.Task {
			beside := every(1, "B", l.task("B", 0, nil))
			beside.Beside = true
			return []background.Task{every(100, "A", func(ctx context.Context) error {
				time.Sleep(time.Millisecond) // of the bubble's clock
				return l.task("A", 3500*time.Millisecond, nil)(ctx)
			}), beside}
		}, []string{"0 B", "0.001 A", "1 B", "2 B", "3 B", "4 B"}},
		{"a timeout", 11 * time.Second, func(l *trace) []background.Task {
			task := every(10, "A", l.task("A", time.Minute, nil))
			task.Timeout = 2 * time.Second
			return []background.Task{task}
		}, []string{"0 A", "2 A: context deadline exceeded", "10 A"}},
		{"a function that does not heed its timeout is not run over", 31 * time.Second, func(l *trace) []background.Task {
			task := every(5, "A", func(context.Context) error { l.add("A"); time.Sleep(25 * time.Second); return nil }) // of the bubble's clock
			task.Timeout = time.Second
			return []background.Task{task}
		}, []string{"0 A", "25 A"}},
		{"cron", 130 * time.Second, func(l *trace) []background.Task {
			task := background.Cron("* * * * *", l.task("A", 0, nil))
			task.Name = "A"
			return []background.Task{task}
		}, []string{"60 A", "120 A"}},
		{"grace", 11 * time.Second, func(l *trace) []background.Task {
			late := every(4, "B", l.task("B", 0, nil))
			late.Grace = time.Second
			return []background.Task{every(100, "A", l.task("A", 0, nil)), late, every(3, "Long", func() func(context.Context) error {
				first := true
				return func(context.Context) error {
					if first {
						first = false
						time.Sleep(6 * time.Second) // of the bubble's clock
					}
					return nil
				}
			}())}
		}, []string{"6 A", "8 B"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newTrace()
				w := newWorker()
				w.Drain = -1
				run(t, test.run, w, test.tasks(l)...)
				time.Sleep(time.Minute) // what did not heed the end
				// What the end of the program interrupts is another test's.
				got := slices.DeleteFunc(l.told(), func(line string) bool { return strings.HasSuffix(line, "context canceled") })
				if diff := cmp.Diff(got, test.want); diff != "" {
					t.Errorf("got -, want +:\n%s", diff)
				}
			})
		})
	}
}

func TestJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTrace()
		task := background.Seconds(10, l.task("A", 0, nil))
		task.Name, task.Jitter = "A", 5*time.Second
		run(t, 99*time.Second, newWorker(), task)
		if len(l.lines) < 9 || len(l.lines) > 10 {
			t.Fatalf("got %d runs in 99 s, want 10 or, the last being late, 9", len(l.lines))
		}
		different := map[float64]bool{}
		for i, line := range l.lines {
			var at float64
			fmt.Sscan(line, &at)
			delay := at - float64(10*i)
			if different[delay] = true; delay < 0 || delay >= 5.01 {
				t.Errorf("run %d is %g s late", i, delay)
			}
		}
		if len(different) < 5 {
			t.Errorf("the delays are alike: %v", different)
		}
	})
}

func TestDrain(t *testing.T) {
	for _, test := range []struct {
		name  string
		took  time.Duration
		drain time.Duration
		want  []string
		end   time.Duration
	}{
		{"it finishes", 3 * time.Second, 5 * time.Second, []string{"0 A", "3 end"}, 3 * time.Second},
		{"it does not", time.Minute, 5 * time.Second, []string{"0 A", "6 A: context canceled", "6 end"}, 6 * time.Second},
		{"it has no time to", time.Minute, -1, []string{"0 A", "1 A: context canceled", "1 end"}, time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newTrace()
				w := newWorker()
				w.Drain = test.drain
				a, b := background.Seconds(1, l.task("A", test.took, nil)), background.Seconds(2, l.task("B", 0, nil))
				a.Name, b.Name = "A", "B"
				run(t, time.Second, w, a, b)
				l.add("end")
				if diff := cmp.Diff(l.lines, test.want); diff != "" {
					t.Errorf("got -, want +:\n%s", diff)
				}
			})
		})
	}
	t.Run("it does not heed its context", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			release := make(chan struct{})
			w := newWorker()
			w.Drain = 5 * time.Second
			start := time.Now()
			task := background.Seconds(1, func(context.Context) error { <-release; return nil })
			task.Name = "A"
			run(t, time.Second, w, task)
			if got := time.Since(start); got > 10*time.Second {
				t.Errorf("it took %s to end", got)
			}
			close(release)
		})
	})
}

// lines is a log of which each line is "LEVEL function message", and the text of
// attributes below it.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Enabled(context.Context, slog.Level) bool { return true }
func (l *lines) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *lines) WithGroup(string) slog.Handler            { return l }

func (l *lines) Handle(_ context.Context, record slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	frame, _ := runtime.CallersFrames([]uintptr{record.PC}).Next()
	fmt.Fprintf(&l.text, "%s %s %s\n", record.Level, frame.Function[strings.LastIndexByte(frame.Function, '/')+1:], record.Message)
	record.Attrs(func(attr slog.Attr) bool { fmt.Fprintf(&l.text, "%s: %s\n", attr.Key, attr.Value); return true })
	return nil
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := strings.ReplaceAll(l.text.String(), "github.com/apiphant/apiphant/background/", "")
	return regexp.MustCompile(`(/\S*/|0x[0-9a-f]+|goroutine \d+|, synctest bubble \d+|:\d+ ?\+?)`).ReplaceAllString(text, "")
}

func fails(context.Context) error { return errors.New("no luck\nINFO forged") }
func panics(context.Context) error {
	var none []int
	return fmt.Errorf("%d", none[len(none)])
}

// TestWords holds the words of the log.
func TestWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log lines
		var failures []background.Failure
		w := newWorker()
		w.Log = slog.New(&log)
		w.Product.OnError = func(ctx context.Context, failure background.Failure) error {
			if failures = append(failures, failure); failure.Panic {
				panic("me too")
			}
			if len(failures) == 1 {
				return errors.New("no mail")
			}
			return nil
		}
		run(t, time.Second, w, background.Seconds(60, nothing), background.Seconds(60, fails), background.Seconds(90, panics),
			background.Task{Name: "again", Every: 2 * time.Minute, Run: fails})
		got := log.String()
		for _, want := range []string{
			"INFO background.(*Runner).Run Task nothing: OK.\n",
			"ERROR background.(*Runner).Run Task fails failed:\nstack: no luck\nINFO forged\nworker_test.fails",
			"ERROR background.(*Runner).Run OnError failed: no mail\n",
			"ERROR background.(*Runner).Run Task panics failed:\nstack: panic: runtime error: index out of range [0] with length 0\n [running]:\nworker_test.panics(",
			"ERROR background.(*Runner).Run OnError failed: panic: me too\nstack: ",
			"INFO background.(*Runner).Run OnError: OK.\n",
		} {
			if !strings.Contains(got, want) {
				t.Errorf("the log lacks %q:\n%s", want, got)
			}
		}
		if len(failures) != 3 || failures[0].Task != "fails" || failures[0].Err.Error() != "no luck\nINFO forged" ||
			failures[0].Started.IsZero() || !strings.Contains(failures[0].Stack, "loop_test.go:") || failures[0].Panic || !failures[1].Panic {
			t.Errorf("OnError got %+v", failures)
		}
		if want := "Task fails failed:\nno luck\nINFO forged\n"; len(failures) > 0 && !strings.HasPrefix(failures[0].String(), want) {
			t.Errorf("a failure's text is %q, want %q first", failures[0].String(), want)
		}
	})
}

type method struct{}

func (*method) Named(context.Context) error { return nil }
func generic[T any](context.Context) error  { return nil }

func TestNames(t *testing.T) {
	literal := func(context.Context) error { return nil }
	check := func(tasks ...background.Task) error {
		return worker.Check(&background.Product{Tasks: func() []background.Task { return tasks }})
	}
	var list bytes.Buffer
	product := &background.Product{Tasks: func() []background.Task {
		return []background.Task{background.Seconds(1, nothing), background.Seconds(1, new(method).Named), background.Seconds(1, generic[int]),
			{Name: "literal", Every: time.Second, Run: literal}}
	}}
	if err := (&worker.Worker{Product: product}).List(&list, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	want := "nothing  every 1s  2026-01-02T03:04:05Z  2026-01-02T03:04:06Z  2026-01-02T03:04:07Z\n"
	if got, _, _ := strings.Cut(list.String(), "Named"); got != want || !strings.Contains(list.String(), "\ngeneric  every") {
		t.Errorf("listed\n%s", list.String())
	}
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"a literal":    {check(background.Seconds(1, literal)), "loop_test.go:"},
		"none":         {check(background.Seconds(1, nil)), "has no Run"},
		"twice":        {check(background.Seconds(1, nothing), background.Seconds(2, nothing)), "two tasks are called nothing"},
		"control":      {check(background.Task{Name: "a\nb", Every: time.Second, Run: nothing}), "can be printed"},
		"no tasks":     {check(), "nothing to run"},
		"no product":   {worker.Check(nil), "nothing to run"},
		"job twice":    {jobs(background.NewJob("a", noArgs), background.NewJob("a", noArgs)), "two jobs are called a"},
		"job name":     {jobs(background.NewJob("a b", noArgs)), "job name"},
		"job function": {jobs(background.NewJob[int]("a", nil)), "no function"},
		"nil job":      {jobs(nil), "is nil"},
		"priority":     {jobs(&background.Job[int]{Priority: 5}), "job name"},
	} {
		if test.err == nil || !strings.Contains(test.err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", name, test.err, test.want)
		}
	}
	if err := newWorker().Run(t.Context()); err == nil {
		t.Error("a worker without tasks ran")
	}
	w := newWorker()
	w.Product.Jobs = func() []background.AnyJob { return []background.AnyJob{background.NewJob("a", noArgs)} }
	if err := w.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "need --database") {
		t.Errorf("jobs without a database: got %v", err)
	}
}

func noArgs(context.Context, struct{}) error { return nil }

func jobs(list ...background.AnyJob) error {
	return worker.Check(&background.Product{Jobs: func() []background.AnyJob { return list }})
}

func TestOnce(t *testing.T) {
	w := newWorker()
	w.Product.Tasks = func() []background.Task {
		return []background.Task{background.Seconds(60, nothing), background.Seconds(60, fails)}
	}
	for name, want := range map[string]bool{"nothing": true, "fails": false} {
		if ok, err := w.Once(t.Context(), name); ok != want || err != nil {
			t.Errorf("%s: got %t, %v, want %t", name, ok, err, want)
		}
	}
	if _, err := w.Once(t.Context(), "no"); !errors.Is(err, worker.ErrNoTask) || !strings.Contains(err.Error(), "nothing, fails") {
		t.Errorf("got %v, want %v with the names", err, worker.ErrNoTask)
	}
}
