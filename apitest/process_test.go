package apitest

import (
	"bytes"
	"cmp"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// program writes a script that stands for a product's program.
func program(t *testing.T, script string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("needs a shell")
	}
	file := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"+script), 0o777); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestServeGivesUp(t *testing.T) {
	tests := map[string]struct {
		script, want string
		limit        time.Duration // 0: as good as none
	}{
		"it says nothing":      {"echo starting >&2; exec sleep 60", "did not begin to serve within 300ms; its log:\nstarting", 300 * time.Millisecond},
		"it ends":              {"echo out of luck >&2", "did not begin to serve: the product ended by itself; its log:\nout of luck", 0},
		"it fails":             {"exit 3", "did not begin to serve: the product ended with a failure: exit status 3", 0},
		"it serves elsewhere":  {"echo Apiphant is serving x/api at http://127.0.0.1:1/api >&2; sleep 0.1", "did not begin to serve: ", 0},
		"it is no program":     {"", "can't start the product: ", 0},
		"it can't be told end": {"trap '' TERM; while :; do sleep 0.1; done", "did not begin to serve within 300ms", 300 * time.Millisecond},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			binary := program(t, test.script)
			if test.script == "" {
				binary += "-that-is-not-there"
			}
			limit := cmp.Or(test.limit, time.Minute)
			if _, err := serve(binary, "", limit); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error: %v\nwant in it: %s", err, test.want)
			}
		})
	}
}

func TestStopKills(t *testing.T) {
	t.Parallel()
	p := &process{log: &output{address: make(chan []string, 1)}, ended: make(chan struct{})}
	p.command = command(program(t, "trap '' TERM; echo Apiphant is serving x/api at http://127.0.0.1:1/api; while :; do sleep 0.1; done"), "", p.log)
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	<-p.log.address // from then on it ignores the signal
	if err := p.stop(100 * time.Millisecond); err == nil || !strings.Contains(err.Error(), "and was killed") {
		t.Errorf("error: %v", err)
	}
}

// TestRun sees what the function Test, which ends the process, would do.
func TestRun(t *testing.T) {
	client := Client{base: localURL, transport: answering(200, `{"a":1}`)}
	var stderr bytes.Buffer
	if code := run(&stderr, client, "echo", "read", nil, 200, map[string]int{"a": 1}); code != 0 || stderr.Len() > 0 {
		t.Errorf("exit status %d, standard error: %s", code, &stderr)
	}
	if code := run(&stderr, client, "echo", "read", nil, 200, map[string]int{"a": 2}); code != 1 || !strings.Contains(stderr.String(), "- is wanted") {
		t.Errorf("exit status %d, standard error: %s", code, &stderr)
	}
	if code := run(io.Discard, Client{Port: 1}, "echo", "read", nil, 200, nil); code != 1 {
		t.Errorf("exit status %d without a server", code)
	}
}

func TestSameNumber(t *testing.T) {
	tests := []struct {
		a, b string
		same bool
	}{
		{"1", "1", true},
		{"1", "1.0", true},
		{"1", "10e-1", true},
		{"1", "0.1e1", true},
		{"100", "1e2", true},
		{"100", "1E+2", true},
		{"0", "-0.00e5", true},
		{"0", "0e999999999999999999999", true},
		{"-1", "-1.000", true},
		{"1e400", "10e399", true},
		{"0.001", "1e-3", true},
		{"12345678901234567890", "12345678901234567890.0", true},
		{"12345678901234567890", "12345678901234567891", false},
		{"1", "-1", false},
		{"1", "2", false},
		{"1", "10", false},
		{"1", "0", false},
		{"1e400", "1e401", false},
		{"1e99999999999999999999", "10e99999999999999999998", true},
		{"1e99999999999999999999", "1e99999999999999999998", false},
		{"1e-99999999999999999999", "1e99999999999999999999", false},
		{"101", "11", false},
	}
	for _, test := range tests {
		if same := sameNumber(number(test.a), number(test.b)); same != test.same {
			t.Errorf("%s and %s: %t, want %t", test.a, test.b, same, test.same)
		}
		if same := sameNumber(number(test.b), number(test.a)); same != test.same {
			t.Errorf("%s and %s: %t, want %t", test.b, test.a, same, test.same)
		}
	}
}
