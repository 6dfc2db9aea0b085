//go:build unix

package serve_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/internal/command"
	"github.com/apiphant/apiphant/program"
)

// numbered is a product whose every call logs a line with a number of its own.
func numbered() (program.Product, *atomic.Int64) {
	product, said := echo(nil), &atomic.Int64{}
	product.API.Handle("v0/say", apiphant.Actions{Read: apiphant.Proc(func(ctx context.Context, _ apiphant.Object) error {
		apiphant.Log(ctx).Info(fmt.Sprintf("number %d.", said.Add(1)))
		return nil
	})})
	return product, said
}

// TestRotation renames the log's file under load, as logrotate does, and sends
// SIGUSR1: every line is in one of the files, once.
func TestRotation(t *testing.T) {
	const rotations = 10
	folder := t.TempDir()
	file := filepath.Join(folder, "log")
	product, said := numbered()
	r := served(t, product, "--log-file", file, "--access-log")
	var clients sync.WaitGroup
	done := make(chan struct{})
	for range 4 {
		clients.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					status("POST", r.url+"/api/v0/say/read")
				}
			}
		})
	}
	hasLine := func() bool {
		written, err := os.Stat(file)
		return err == nil && written.Size() > 0
	}
	await(t, "the first line in the file", hasLine)
	for n := range rotations {
		before := said.Load()
		if err := os.Rename(file, fmt.Sprintf("%s.%d", file, n)); err != nil {
			t.Fatal(err)
		}
		_ = syscall.Kill(os.Getpid(), syscall.SIGUSR1)
		await(t, "a line in a new file", hasLine)
		await(t, "more lines", func() bool { return said.Load() > before+20 })
	}
	close(done)
	clients.Wait()
	r.end()
	files, _ := filepath.Glob(filepath.Join(folder, "*"))
	all := ""
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil || !strings.HasSuffix(string(text), "\n") {
			t.Errorf("%s: %v, it ends with %q", name, err, text[max(0, len(text)-20):])
		}
		all += string(text)
	}
	if len(files) != rotations+1 {
		t.Errorf("got %d files", len(files))
	}
	for n := range said.Load() {
		if got := strings.Count(all, fmt.Sprintf(" number %d.", n+1)); got != 1 {
			t.Errorf("got line %d %d times", n+1, got)
		}
	}
	if got := int64(strings.Count(all, `"path":"/api/v0/say/read"`)); got != said.Load() {
		t.Errorf("got %d lines of the access log, want %d", got, said.Load())
	}
}

// TestReopenFails: the old file is kept, and says so.
func TestReopenFails(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "logs")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	product, _ := numbered()
	r := served(t, product, "--log-file", filepath.Join(folder, "log"))
	if err := os.Rename(folder, folder+".old"); err != nil {
		t.Fatal(err)
	}
	status("POST", r.url+"/api/v0/say/read")
	_ = syscall.Kill(os.Getpid(), syscall.SIGUSR1)
	read := func() string {
		text, err := os.ReadFile(filepath.Join(folder+".old", "log"))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	await(t, "it says so", func() bool { return strings.Contains(read(), "Can't open the log file again") })
	status("POST", r.url+"/api/v0/say/read")
	r.end()
	wantMatch(t, `(?s)number 1\..*\nWARN \[[^\n]*\] Can't open the log file again, going on with the old one: open .*number 2\.`, read())
}

// TestSignalsThatDoNothing: without a file SIGUSR1 is nothing to a program, and
// neither is it that nobody reads what it says.
func TestSignalsThatDoNothing(t *testing.T) {
	process, r := child(t)
	stderr := r.begin(process)
	_ = process.Process.Signal(syscall.SIGUSR1)
	stderr.Close() // from now on, writing there is SIGPIPE
	if got := status("GET", regexp.MustCompile(`http://[^/]*`).FindString(r.first)+"/healthz"); got != 200 {
		t.Errorf("got %d", got)
	}
	_ = process.Process.Signal(syscall.SIGTERM) // which is logged
	if err := process.Wait(); err != nil {
		t.Errorf("got %v", err)
	}
	var out output
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() { ended <- withTask().Run(ctx, []string{"background"}, io.Discard, &out) }()
	out.await(t, "Task Works: OK.")
	_ = syscall.Kill(os.Getpid(), syscall.SIGUSR1)
	stop()
	if got := <-ended; got != command.ExitOK {
		t.Errorf("got %d", got)
	}
}
