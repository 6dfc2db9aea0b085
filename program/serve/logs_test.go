package serve_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/internal/command"
)

// TestPanicsDoNotFloodTheLog sends requests that panic through all of it.
func TestPanicsDoNotFloodTheLog(t *testing.T) {
	product := echo(nil)
	product.API.Handle("v0/fail", apiphant.Actions{
		Read: apiphant.Proc(func(context.Context, apiphant.Object) error { panic("on purpose") }),
		Update: apiphant.Proc(func(context.Context, apiphant.Object) error {
			return &apiphant.Error{Status: 400, Err: errors.New("cause")}
		}),
	})
	admin := freeAddress(t)
	r := served(t, product, "--admin", admin)
	for range 150 {
		for action, want := range map[string]int{"read": 500, "update": 400} {
			if got := status("POST", r.url+"/api/v0/fail/"+action); got != want {
				t.Fatalf("got %d, want %d", got, want)
			}
		}
	}
	metrics := get(t, "http://"+admin+"/metrics")
	wantMatch(t, `\napiphant_log_lines_left_out_total{reason="flood"} 190\n`, metrics)
	wantMatch(t, `\napiphant_panics_total{route="/api/v0/fail/read"} 150\n`, metrics)
	_, rest := r.end()
	for text, want := range map[string]int{"500: panic: on purpose": 11, "\n    goroutine ": 10, "400: Bad Request: cause": 101, "… and 140 more": 1, "… and 50 more": 1} {
		if got := strings.Count(rest, text); got != want {
			t.Errorf("got %d times %q, want %d", got, text, want)
		}
	}
}

// TestNobodyReadsTheLog: calls are answered while standard error takes nothing,
// and what the log lacks is told once it does.
func TestNobodyReadsTheLog(t *testing.T) {
	const calls, lines, wails = 100, 30, 1000
	product := echo(nil)
	text := strings.Repeat("x", 1000)
	product.API.Handle("v0/talk", apiphant.Actions{Read: apiphant.Proc(func(ctx context.Context, _ apiphant.Object) error {
		for range lines {
			apiphant.Log(ctx).Info(text)
		}
		apiphant.Log(ctx).Error("an error, which is waited for")
		return nil
	})})
	product.API.Handle("v0/wail", apiphant.Actions{Read: apiphant.Proc(func(ctx context.Context, _ apiphant.Object) error {
		for range wails { // each waited for would take longer than the client's patience
			apiphant.Log(ctx).Error("x")
		}
		return nil
	})})
	r := served(t, product, "--access-log", "--timeout", "0") // and reads nothing but the first line
	for range calls {
		if got := status("POST", r.url+"/api/v0/talk/read"); got != 200 {
			t.Fatalf("got %d", got)
		}
	}
	if got := status("POST", r.url+"/api/v0/wail/read"); got != 200 {
		t.Fatalf("got %d", got)
	}
	status, rest := r.end()
	if status != command.ExitOK {
		t.Errorf("got status %d", status)
	}
	told := regexp.MustCompile(`\n(?:WARN) \[.*\] (\d+) lines of the log are lost here: nobody took them fast enough\n`).FindAllStringSubmatch(rest, -1)
	lost := 0
	for _, match := range told {
		n, _ := strconv.Atoi(match[1])
		lost += n
	}
	const all = calls*(lines+2) + wails + 1 + 1 // and one about draining
	if got := strings.Count(rest, "\n") - len(told); lost == 0 || got+lost != all {
		t.Errorf("got %d lines and %d that are lost, of %d", got, lost, all)
	}
}

// TestLogFile: everything goes there, and the first line to standard error too.
func TestLogFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(file, []byte("before\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := served(t, echo(nil), "--log-file", file, "--access-log")
	wantMatch(t, `^Apiphant is serving .*\n$`, r.first)
	r.post(`{}`)
	if status, rest := r.end(); status != command.ExitOK || rest != "" {
		t.Errorf("got %d and %q", status, rest)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	wantMatch(t, `^before\n`+regexp.QuoteMeta(r.first)+`INFO \[.*\] access .*\nINFO .* Draining.*\n$`, string(text))

	file = filepath.Join(t.TempDir(), "log")
	var stderr output
	if status := withTask().Run(t.Context(), []string{"background", "--once=Works", "--log-file", file}, io.Discard, &stderr); status != command.ExitOK {
		t.Errorf("got %d", status)
	}
	text, err = os.ReadFile(file)
	if err != nil || stderr.String() != "" {
		t.Errorf("got %v and %q", err, stderr.String())
	}
	wantMatch(t, `Task Works: OK`, string(text))
	if info, err := os.Stat(file); err != nil || info.Mode().Perm()&^0o640 != 0 {
		t.Errorf("got mode %v, %v", info.Mode(), err)
	}
	status := echo(nil).Run(t.Context(), []string{"serve", "127.0.0.1:0", "--log-file", "/nowhere/log"}, io.Discard, &stderr)
	if status != command.ExitFailure {
		t.Errorf("got status %d", status)
	}
	wantMatch(t, `^myproduct: can't open the log file: open /nowhere/log: `, stderr.String())
}
