package background_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	stdlog "log"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/sqlite"
	"github.com/apiphant/apiphant/background/worker"
	"github.com/apiphant/apiphant/database"
	"github.com/apiphant/apiphant/internal/command"
	"github.com/apiphant/apiphant/program"
	door "github.com/apiphant/apiphant/program/background"
	"github.com/apiphant/apiphant/program/serve"
)

func Works(context.Context) error { return nil }
func Fails(context.Context) error { return errors.New("no luck") }

// product has two tasks, of which one also enqueues a job.
func product(job *background.Job[int]) program.Product {
	return program.Product{Name: "myproduct", API: &apiphant.API{}, Doors: []program.Door{serve.Door{}, door.Door{
		Tasks: func() []background.Task {
			return []background.Task{background.Seconds(1, Works), background.Cron("0 3 * * 7", Fails)}
		},
		Jobs:    func() []background.AnyJob { return []background.AnyJob{job} },
		Engines: func() []background.Engine { return []background.Engine{sqlite.Engine()} },
	}}}
}

func noJob() *background.Job[int] {
	return background.NewJob("number", func(context.Context, int) error { return nil })
}

// output may be written and read concurrently.
type output struct {
	mu      sync.Mutex
	text    bytes.Buffer
	written chan struct{} // closed at the next Write; nil: nobody waits
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.written != nil {
		close(o.written)
		o.written = nil
	}
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// await waits until part was written.
func (o *output) await(t *testing.T, part string) {
	t.Helper()
	timeout := time.After(20 * time.Second)
	for {
		o.mu.Lock()
		found := strings.Contains(o.text.String(), part)
		if o.written == nil {
			o.written = make(chan struct{})
		}
		written := o.written
		o.mu.Unlock()
		if found {
			return
		}
		select {
		case <-written:
		case <-timeout:
			t.Fatalf("waited for %q in:\n%s", part, o)
		}
	}
}

func TestBackgroundOnce(t *testing.T) {
	file := "sqlite://" + filepath.Join(t.TempDir(), "jobs.db")
	for _, test := range []struct {
		name           string
		args           []string
		want           int
		stdout, stderr string // patterns
	}{
		{"list", []string{"--list"}, 0, `(?s)^Works +every 1s +20\S+Z  20\S+Z  20\S+Z\nFails +0 3 \* \* 7  20\S+T03:00:00Z  .*T03:00:00Z\nnumber +job +in queue default\n$`, `^$`},
		{"once", []string{"--once", "Works"}, 0, `^$`, `^INFO at background\.Run:\d+ \[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}\] Task Works: OK\.\n$`},
		{"once, failing", []string{"--once=Fails"}, 1, `^$`,
			`^ERROR at background\.Run:\d+ \[.*\] Task Fails failed:\n\s*no luck\n.*background_test\.Fails\n\s*\S*background_test\.go:\d+\n$`},
		{"once, in JSON", []string{"--once=Works", "--log=json"}, 0, `^$`, `^{"level":"info".*"message":"Task Works: OK.","task":"Works"}\n$`},
		{"once, failing, in JSON", []string{"--once=Fails", "--log=json"}, 1, `^$`,
			`^{"level":"error".*"message":"Task Fails failed:","stack":"no luck\\n.*background_test\.go:\d+","task":"Fails","error":"no luck"}\n$`},
		{"once, without a name", []string{"--once="}, 2, `^$`, `want the name of a task`},
		{"once, with a database", []string{"--once=Works", "--database", file}, 0, `^$`, `Task Works: OK\.\n$`},
		{"no such task", []string{"--once=None"}, 2, `^$`, `"None": there is no such task: want one of Works, Fails`},
		{"migrate", []string{"--migrate", "--database", file}, 0, `^$`, `^$`},
		{"migrate what", []string{"--migrate"}, 2, `^$`, `--migrate needs --database`},
		{"an engine that is not there", []string{"--database=postgres://ann:secret@h/db"}, 1, `^$`,
			`postgres://ann:xxxxx@h/db: the product is built without this engine(?s).*import "github.com/apiphant/apiphant/background/postgres"`},
		{"no database", []string{"--database=nonsense"}, 2, `^$`, `want sqlite:///path or postgres`},
		{"not migrated", []string{"--once=Works", "--migrate-at-start=false", "--database", file + "2"}, 1, `^$`, `--migrate`},
		{"workers", []string{"--workers=0"}, 2, `^$`, `--workers is 0: want 1 to 10000`},
		{"drain", []string{"--drain=-1s"}, 2, `^$`, `--drain is -1s`},
		{"admin", []string{"--admin=here"}, 2, `^$`, `want HOST:PORT`},
		{"hosts", []string{"--hosts=*.com"}, 2, `^$`, `--hosts: host "\*\.com": anybody`},
		{"arguments", []string{"x"}, 2, `^$`, `one argument too many`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var stdout, stderr output
			got := product(noJob()).Run(t.Context(), append([]string{"background"}, test.args...), &stdout, &stderr)
			if got != test.want {
				t.Errorf("exit status %d, want %d", got, test.want)
			}
			for _, o := range []struct{ got, want string }{{stdout.String(), test.stdout}, {stderr.String(), test.stderr}} {
				if !regexp.MustCompile(o.want).MatchString(o.got) || strings.Contains(o.got, "secret") {
					t.Errorf("got %q, want %s", o.got, o.want)
				}
			}
		})
	}
}

func TestNothingInBackground(t *testing.T) {
	noTasks := door.Door{Tasks: func() []background.Task { return nil }}
	for name, doors := range map[string][]program.Door{"no door": nil, "no package": {door.Door{}}, "no tasks": {noTasks}} {
		var stderr output
		got := program.Product{Name: "myproduct", API: &apiphant.API{}, Doors: doors}.Run(t.Context(), []string{"background"}, io.Discard, &stderr)
		if got != command.ExitFailure || !strings.Contains(stderr.String(), "api/background/background.go") {
			t.Errorf("%s: exit status %d, %s", name, got, stderr.String())
		}
	}
}

// TestBackground runs tasks and jobs around Start and Stop, is asked for its
// metrics, and ends by itself once its context does. What Start logs by log and slog
// is part of the log, before the line that says what is scheduled.
func TestBackground(t *testing.T) {
	for _, log := range []string{"text", "json"} {
		t.Run(log, func(t *testing.T) {
			var stderr output
			job := background.NewJob("number", func(ctx context.Context, n int) error {
				apiphant.Log(ctx).Info(fmt.Sprint("number ", n))
				return nil
			})
			p := product(job)
			p.API.Start = func(ctx context.Context) error {
				stdlog.Print("Start, by log")
				slog.Info("Start, by slog", "n", 1)
				return job.Enqueue(ctx, 7)
			}
			p.API.Stop = func(ctx context.Context) error { apiphant.Log(ctx).Info("stopped"); return nil }
			ctx, cancel := context.WithCancel(t.Context())
			admin := freeAddress(t)
			ended := make(chan int, 1)
			go func() {
				ended <- p.Run(ctx, []string{
					"background", "--log", log, "--admin", admin,
					"--database", "sqlite://" + filepath.Join(t.TempDir(), "jobs.db"),
				}, io.Discard, &stderr)
			}()
			stderr.await(t, "Task Works: OK.")
			stderr.await(t, "number 7")
			stderr.await(t, "Job number: OK.")
			metrics := get(t, "http://"+admin+"/metrics")
			for _, want := range []string{
				`apiphant_background_runs_total{kind="job",name="number",outcome="ok"} 1`, `apiphant_background_queue_depth{queue="default",state="available"} 0`,
				`apiphant_background_missed_ticks_total{name="Works"} `, `apiphant_background_last_success_timestamp_seconds{kind="task",name="Works"} `,
				`apiphant_background_run_seconds_count{kind="job",name="number"} 1`, `apiphant_background_oldest_job_age_seconds{queue="default"} 0`,
				"apiphant_background_leader ", "go_goroutines ",
				`apiphant_database_connections{state="idle"} `, "apiphant_database_connections_max 9", "apiphant_database_waits_total ", "apiphant_database_wait_seconds_total ",
			} {
				if !strings.Contains(metrics, want) {
					t.Errorf("the metrics lack %s:\n%s", want, metrics)
				}
			}
			if got := get(t, "http://"+admin+"/readyz"); got != `{"status":"ok"}` {
				t.Errorf("/readyz answers %s", got)
			}
			cancel()
			select {
			case got := <-ended:
				if got != command.ExitOK {
					t.Errorf("exit status %d:\n%s", got, stderr.String())
				}
			case <-time.After(20 * time.Second):
				t.Fatal("it does not end")
			}
			want := `^INFO at \S+ \[.*\] Start, by log\nINFO at \S+ \[.*\] Start, by slog {"n":1}\nApiphant is scheduling myproduct\.api\.background\n`
			if log == "json" {
				want = `^{"level":"info",.*"message":"Start, by log"}\n{"level":"info",.*"message":"Start, by slog","n":1}\n` +
					`{"level":"info",.*"message":"Apiphant is scheduling myproduct\.api\.background"}\n`
			}
			if !regexp.MustCompile(want).MatchString(stderr.String()) {
				t.Errorf("got %s\nwant %s", stderr.String(), want)
			}
			if !strings.Contains(stderr.String(), "stopped") {
				t.Errorf("Stop did not run:\n%s", stderr.String())
			}
		})
	}
}

// TestServeEnqueues tests that an action's context has the database.
func TestServeEnqueues(t *testing.T) {
	type request struct {
		N int `json:"n"`
	}
	job := noJob()
	file := "sqlite://" + filepath.Join(t.TempDir(), "jobs.db")
	p := product(job)
	p.API.Handle("v0/number", apiphant.Actions{Create: apiphant.Proc(func(ctx context.Context, r request) error { return job.Enqueue(ctx, r.N) })})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	address := freeAddress(t)
	var stderr output
	ended := make(chan int, 1)
	go func() {
		ended <- p.Run(ctx, []string{"serve", address, "--drain-window", "0", "--database", file}, io.Discard, &stderr)
	}()
	stderr.await(t, "serving")
	answer, err := http.Post("http://"+address+"/api/v0/number/create", "application/json", strings.NewReader(`{"n":1}`))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if body, _ := io.ReadAll(answer.Body); answer.StatusCode != 200 {
		t.Errorf("answered %d %s\n%s", answer.StatusCode, body, stderr.String())
	}
	cancel()
	<-ended
	own := &background.Product{
		Jobs:    func() []background.AnyJob { return []background.AnyJob{job} },
		Engines: func() []background.Engine { return []background.Engine{sqlite.Engine()} },
	}
	db, err := database.Open(t.Context(), file, worker.Drivers(own)...)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	jobs, err := worker.Open(own, db, nil)
	if err != nil {
		t.Fatal(err)
	}
	if stats, err := jobs.Stats(t.Context()); err != nil || stats.Depth["default"]["available"] != 1 {
		t.Errorf("the database has %+v, %v", stats, err)
	}
}

func freeAddress(t *testing.T) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

func get(t *testing.T, url string) string {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
