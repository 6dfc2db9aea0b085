package cli_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/apiphant/apiphant/internal/cli"
)

// TestMain makes this program also the command: it ends in another program.
func TestMain(m *testing.M) {
	if os.Getenv("APIPHANT_TEST_COMMAND") != "" {
		os.Exit(cli.ApiphantBackground(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

const source = `package background

import (
	"context"
	"time"

	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/sqlite"
)

func Tasks() []background.Task {
	return []background.Task{
		background.Seconds(60, UpdateSomething),
		background.Cron("0 3 * * *", CleanUp),
		background.Task{Name: "Slow", Every: time.Hour, Beside: true, Run: func(ctx context.Context) error {
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
			}
			return ctx.Err()
		}},
	}
}

func Engines() []background.Engine { return []background.Engine{sqlite.Engine()} }

func UpdateSomething(ctx context.Context) error { return nil }

func CleanUp(ctx context.Context) error {
	var nothing map[string]int
	nothing["x"] = 1
	return nil
}
`

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
}

// TestApiphantBackground does what a newcomer does.
func TestApiphantBackground(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a product")
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "myproduct/api/background/background.go"), source)
	write(t, filepath.Join(dir, "empty/api/v0/echo/echo.go"), "package echo\n\nfunc Read(request struct{}) error { return nil }\n")
	write(t, filepath.Join(dir, "wrong/api/background/background.go"), "package background\n\nfunc Tasks() {}\n")
	command := func(args ...string) *exec.Cmd {
		c := exec.Command(os.Args[0], args...)
		c.Dir = dir
		c.Env = append(os.Environ(), "APIPHANT_TEST_COMMAND=1")
		c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		return c
	}
	for _, test := range []struct {
		name string
		args []string
		want int
		text string
	}{
		{"list", []string{"myproduct", "--list"}, 0, `CleanUp +0 3 \* \* \* +\d{4}-\d\d-\d\dT03:00:00Z`},
		{"once", []string{"myproduct", "--once", "UpdateSomething"}, 0, `INFO at background\.Run:\d+ \[.*\] Task UpdateSomething: OK\.`},
		{"once, a panic", []string{"myproduct", "--once", "CleanUp"}, 1,
			`ERROR at background\.Run:\d+ \[.*\] Task CleanUp failed:\n\s*panic: assignment to entry in nil map\n(?s).*background\.go:\d+`},
		{"a file", []string{"myproduct", "--once", "UpdateSomething", "--database", "sqlite://jobs.db"}, 0, `Task UpdateSomething: OK\.`},
		{"no background", []string{"empty"}, 1, `nothing to run in the background: list tasks or jobs in api/background/background\.go`},
		{"a wrong shape", []string{"wrong"}, 1, `wrong/api/background/background\.go:3: Tasks is a func\(\): it must be a func\(\) \[\]background\.Task`},
		{"no such folder", []string{"none"}, 1, `Dir not found: .*none/api`},
		{"no path", nil, 2, `PATH is missing`},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := command(test.args...)
			out, _ := c.CombinedOutput()
			if got := c.ProcessState.ExitCode(); got != test.want || !regexp.MustCompile(test.text).Match(out) {
				t.Errorf("exit status %d, want %d and %s:\n%s", got, test.want, test.text, out)
			}
		})
	}
	t.Run("SIGTERM", func(t *testing.T) {
		c := command("myproduct")
		file := filepath.Join(dir, "log")
		log, err := os.Create(file)
		if err != nil {
			t.Fatal(err)
		}
		defer log.Close()
		c.Stdout, c.Stderr = log, log
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		read := func() string { text, _ := os.ReadFile(file); return string(text) }
		for deadline := time.Now().Add(time.Minute); !strings.Contains(read(), "Task UpdateSomething: OK."); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				_ = c.Process.Kill()
				t.Fatalf("no task ran:\n%s", read())
			}
		}
		_ = c.Process.Signal(syscall.SIGTERM)
		err = c.Wait()
		if err != nil || !strings.Contains(read(), "Task Slow: OK.") { // what ran has finished
			t.Errorf("it ended with %v:\n%s", err, read())
		}
		if first, _, _ := strings.Cut(strings.TrimPrefix(read(), "Building myproduct …\n"), "\n"); first != "Apiphant is scheduling myproduct.api.background" {
			t.Errorf("the first line is %q", first)
		}
	})
	if entries, _ := filepath.Glob(filepath.Join(dir, "myproduct", "*")); len(entries) != 1 {
		t.Error(fmt.Sprint("something was written into the product: ", entries))
	}
}

// TestPasswordStaysInVariable tests that no one reads it in the list of processes.
func TestPasswordStaysInVariable(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a product")
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "myproduct/api/background/background.go"), strings.Replace(source, "func UpdateSomething(ctx context.Context) error { return nil }",
		"func UpdateSomething(ctx context.Context) error { println(strings.Join(os.Args, \" \")); return nil }", 1))
	code, err := os.ReadFile(filepath.Join(dir, "myproduct/api/background/background.go"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "myproduct/api/background/background.go"), strings.Replace(string(code), "\t\"context\"\n", "\t\"context\"\n\t\"os\"\n\t\"strings\"\n", 1))
	c := exec.Command(os.Args[0], "myproduct", "--once=UpdateSomething")
	c.Dir = dir
	c.Env = append(os.Environ(), "APIPHANT_TEST_COMMAND=1", "APIPHANT_DATABASE=sqlite://secret.db")
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Run(); err != nil || strings.Contains(out.String(), "secret") || !strings.Contains(out.String(), "--once=UpdateSomething") {
		t.Errorf("ended with %v:\n%s", err, out.String())
	}
	if _, err := os.Stat(filepath.Join(dir, "secret.db")); err != nil {
		t.Errorf("the database was not used: %v", err)
	}
}
