package serve_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/apiphant/apiphant/internal/command"
)

// status asks and returns the status, 0 where nobody answers.
func status(method, url string) int {
	request, err := http.NewRequest(method, url, nil)
	if err != nil {
		return -1
	}
	client := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(request)
	if err != nil {
		return 0
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode
}

// await waits until something holds.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ticker, deadline := time.NewTicker(5*time.Millisecond), time.After(patience)
	defer ticker.Stop()
	for !holds() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("%s: has not come to pass", what)
		}
	}
}

// TestAdmin asks in each part of a program's life.
func TestAdmin(t *testing.T) {
	admin := "http://" + freeAddress(t)
	want := func(when string, ready int) {
		t.Helper()
		if got := [2]int{status("GET", admin+"/healthz"), status("GET", admin+"/readyz")}; got != [2]int{200, ready} {
			t.Errorf("%s: got %d, want 200 and %d", when, got, ready)
		}
	}
	release := make(chan struct{})
	product := echo(release)
	product.API.Start = func(context.Context) error { want("in Start", 503); return nil }
	product.API.Stop = func(context.Context) error { want("in Stop", 503); return nil }
	r := served(t, product, "--admin", strings.TrimPrefix(admin, "http://"), "--hosts", "*.example.com,127.0.0.1")
	await(t, "ready", func() bool { return status("GET", admin+"/readyz") == 200 })
	for _, tt := range []struct {
		method, path string
		want         int
	}{
		{"GET", "/metrics", 200},
		{"GET", "/debug/pprof/", 200},
		{"GET", "/debug/pprof/heap", 200},
		{"GET", "/debug/pprof/goroutine?debug=1", 200},
		{"GET", "/debug/pprof/trace?seconds=0.01", 200},
		{"GET", "/debug/pprof/cmdline", 404}, // a password may be in it
		{"GET", "/", 404},
		{"POST", "/metrics", 405},
	} {
		if got := status(tt.method, admin+tt.path); got != tt.want {
			t.Errorf("%s %s: got %d, want %d", tt.method, tt.path, got, tt.want)
		}
	}
	checkVersion(t, admin)
	checkHosts(t, admin, r)
	checkSilent(t, admin)
	answer := make(chan string, 1)
	go func() { answer <- r.post(`{"a":1}`) }()
	<-release
	if metrics := get(t, admin+"/metrics"); !strings.Contains(metrics, "\napiphant_requests_in_flight 1\n") {
		t.Errorf("got %s", metrics)
	}
	r.stop()
	wantMatch(t, "Draining", r.line())
	want("draining", 503)
	release <- struct{}{}
	<-answer
	if got, rest := r.end(); got != command.ExitOK {
		t.Errorf("got %d %s", got, rest)
	}
	if got := status("GET", admin+"/healthz"); got != 0 {
		t.Errorf("after the end: got %d", got)
	}
}

func checkVersion(t *testing.T, admin string) {
	t.Helper()
	var version struct {
		Product, Version, Go string
		Started              time.Time
	}
	text := get(t, admin+"/version")
	if err := json.Unmarshal([]byte(text), &version); err != nil || version.Product != "myproduct" ||
		!strings.HasPrefix(version.Go, "go1.") || time.Since(version.Started) > time.Minute {
		t.Errorf("got %s, %v", text, err)
	}
}

// checkHosts asks for hosts of the address and for others, of which a page may have
// let one resolve to it.
func checkHosts(t *testing.T, admin string, r *running) {
	t.Helper()
	machine, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]int{
		"localhost": 200, "LocalHost:1": 200, "127.0.0.2:9000": 200, "[::1]": 200, machine: 200, machine + ":9000": 200,
		"web1.example.com": 200, // --hosts
		"evil.example":     421, "203.0.113.7": 421, "localhost.evil.example": 421, "127.0.0.1.evil.example": 421, machine + ".evil.example": 421,
	} {
		request, err := http.NewRequestWithContext(t.Context(), "GET", admin+"/version", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = host
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if isRefused := string(body) == `{"error":"421 Misdirected Request"}`; answer.StatusCode != want || isRefused != (want == 421) {
			t.Errorf("%s: got %d %s, want %d", host, answer.StatusCode, body, want)
		}
		if want == 421 {
			wantMatch(t, `^WARN .* --admin was asked as "`+regexp.QuoteMeta(host)+`", which is none of its hosts`, r.line())
		}
	}
}

// checkSilent: clients that ask nothing keep nobody out, and few of them are kept.
func checkSilent(t *testing.T, admin string) {
	t.Helper()
	var silent []net.Conn
	for range 40 {
		c, err := net.Dial("tcp", strings.TrimPrefix(admin, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		silent = append(silent, c)
	}
	if got := status("GET", admin+"/healthz"); got != 200 {
		t.Errorf("beside silent clients: got %d", got)
	}
	for _, c := range silent[:40-8] { // as many may stay
		_ = c.SetReadDeadline(time.Now().Add(time.Second)) // before the limit of a request's head
		if _, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("a silent client is kept among %d: %v", len(silent), err)
		}
	}
}

// TestAdminTaken: nothing is started where the address is another's, nor where
// there is no such address.
func TestAdminTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for address, want := range map[string]string{
		taken.Addr().String(): `^ERROR \[.*\] --admin 127.0.0.1:\d+ is taken: another program listens there`,
		"192.0.2.1:1":         `^ERROR \[.*\] can't listen at --admin 192.0.2.1:1: `,
	} {
		for _, args := range [][]string{{"serve", "127.0.0.1:0"}, {"background"}} {
			p := withTask()
			p.API.Start = func(context.Context) error { t.Error("started"); return nil }
			var stderr output
			if status := p.Run(t.Context(), append(args, "--admin", address), io.Discard, &stderr); status != command.ExitFailure {
				t.Errorf("got status %d", status)
			}
			wantMatch(t, want, stderr.String())
		}
	}
}

// TestAdminWarns of an address that others can reach.
func TestAdminWarns(t *testing.T) {
	r := served(t, echo(nil), "--admin", "0.0.0.0:0")
	wantMatch(t, `^WARN .* --admin answers at 0\.0\.0\.0:\d+ whoever can reach it`, r.before)
	r.end()
}

// TestAdminOfSuccessor: a program that was handed its listener serves while the
// one before it still has the address of --admin, and takes that when it is free.
func TestAdminOfSuccessor(t *testing.T) {
	before, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer before.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	handed, err := listener.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer handed.Close()
	command, r := child(t, "LISTEN_FDS=1", "APIPHANT_ADMIN="+before.Addr().String())
	command.ExtraFiles = []*os.File{handed}
	r.begin(command)
	wantMatch(t, `^WARN .*--admin `+before.Addr().String()+` is taken, perhaps by the program that this one succeeds`, r.before)
	if got := status("GET", "http://"+listener.Addr().String()+"/healthz"); got != 200 {
		t.Errorf("the successor answers %d", got)
	}
	before.Close()
	wantMatch(t, `^INFO .*Answering at --admin `, r.line())
	if got := status("GET", "http://"+before.Addr().String()+"/readyz"); got != 200 {
		t.Errorf("got %d from its /readyz", got)
	}
	_ = command.Process.Signal(os.Interrupt)
	_, _ = io.ReadAll(r.lines)
	if err := command.Wait(); err != nil {
		t.Error(err)
	}
}

// child is the product in a process of its own; see TestMain.
func child(t *testing.T, environment ...string) (*exec.Cmd, *running) {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append(append(os.Environ(), childEnv+"=1"), environment...)
	return command, &running{t: t}
}

// TestMetricsAreDocumented: docs/operating.md names exactly those that there are.
func TestMetricsAreDocumented(t *testing.T) {
	admin := freeAddress(t)
	r := served(t, echo(nil), "--admin", admin)
	await(t, "ready", func() bool { return status("GET", "http://"+admin+"/readyz") == 200 })
	metrics := get(t, "http://"+admin+"/metrics")
	r.end()
	document, err := os.ReadFile("../../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	names := func(pattern, text string) (found []string) {
		for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
			found = append(found, match[1])
		}
		slices.Sort(found)
		return found
	}
	served := names(`(?m)^# TYPE (apiphant_\w+)`, metrics)
	documented := names("(?m)^\\| `(apiphant_\\w+)", string(document))
	if difference := cmp.Diff(served, documented); difference != "" || len(served) < 10 {
		t.Errorf("served, and documented:\n%s", difference)
	}
	for _, name := range []string{"go_goroutines", "process_open_fds"} {
		if !strings.Contains(metrics, fmt.Sprintf("\n%s ", name)) {
			t.Errorf("%s is missing", name)
		}
	}
}
