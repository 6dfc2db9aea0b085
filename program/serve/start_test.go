//go:build unix

package serve_test

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/apiphant/apiphant/internal/load"
)

// startsBy prepares a process whose Start is the one of that name. What is sent on
// in ends one that waits, with an error if there is any text.
func startsBy(t *testing.T, name string) (prepare func(*exec.Cmd), in io.WriteCloser) {
	t.Helper()
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close(); in.Close() })
	return func(command *exec.Cmd) {
		command.Env = append(command.Env, startEnv+"="+name)
		command.Stdin = out
	}, in
}

// TestNobodyListensBeforeStart: until Start has returned clients are refused, so a
// proxy asks another process; the line that says what is served comes when a
// request is answered.
func TestNobodyListensBeforeStart(t *testing.T) {
	prepare, in := startsBy(t, "waits")
	address := freeAddress(t)
	p := launch(t, prepare, address)
	p.log.await("Start waits")
	if conn, err := net.Dial("tcp", address); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("got %v and %v during Start, want that the connection is refused", conn, err)
	}
	if text := p.log.String(); strings.Contains(text, "is serving") {
		t.Errorf("it says so during Start: %s", text)
	}
	in.Close()
	if got := p.log.await(`is serving .* at http://([^/]*)`); got != address {
		t.Errorf("it serves %s, want %s", got, address)
	}
	if got := status("GET", "http://"+address+"/healthz"); got != 200 {
		t.Errorf("/healthz answers %d", got)
	}
	p.signal(syscall.SIGTERM)
	p.log.awaitEnd()
}

// TestAddressIsTakenBeforeStart: the port of a program that is about to listen is
// its own, and one whose Start hangs can be ended.
func TestAddressIsTakenBeforeStart(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	prepare, _ := startsBy(t, "waits")
	p := launch(t, prepare, ln.Addr().String())
	p.log.await(`ERROR \[.*\] 127.0.0.1:\d+ is taken: another program listens there`)
	if err := p.wait(); err == nil {
		t.Error("it ended with 0")
	}
	if text := p.log.String(); strings.Contains(text, "Start waits") {
		t.Errorf("Start was called: %s", text)
	}
}

// TestHandedOverListenerWaits: who connects to a listener that was handed over
// waits for Start, and is answered.
func TestHandedOverListenerWaits(t *testing.T) {
	ln, inherit := listen(t)
	prepare, in := startsBy(t, "waits")
	p := launch(t, func(command *exec.Cmd) { inherit(command); prepare(command) }, "127.0.0.1:1")
	p.log.await("Start waits")
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	fmt.Fprint(conn, load.Post("/api/v0/echo/read", `{"a":1}`))
	in.Close()
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || answer.StatusCode != 200 {
		t.Errorf("got %v and %v", answer, err)
	}
	p.signal(syscall.SIGTERM)
	p.log.awaitEnd()
}

// TestReasonIsTheLastLine: why a program ended is the last line of its log, in the
// log's form, wherever that is.
func TestReasonIsTheLastLine(t *testing.T) {
	for _, tt := range []struct{ name, start, text, want string }{
		{"an error", "waits", "no luck", `^Start: no luck$`},
		{"lines", "waits", "no luck\nat all", `^Start: no luck\nat all$`},
		{"a panic", "panics", "", `^Start: panic: on purpose$`},
		{"the log is ended by itself", "is fatal", "", `^no luck$`},
	} {
		for _, form := range []string{"text", "json"} {
			for _, file := range []string{"", filepath.Join(t.TempDir(), "log")} {
				t.Run(fmt.Sprintf("%s/%s/file=%t", tt.name, form, file != ""), func(t *testing.T) {
					prepare, in := startsBy(t, tt.start)
					args := []string{"127.0.0.1:0", "--log", form}
					if file != "" {
						args = append(args, "--log-file", file)
					}
					p := launch(t, prepare, args...)
					_, _ = io.WriteString(in, tt.text)
					in.Close()
					var exit *exec.ExitError
					if err := p.wait(); !errors.As(err, &exit) || exit.ExitCode() != 1 {
						t.Errorf("it ended with %v, want status 1", err)
					}
					p.log.awaitEnd()
					text := p.log.String()
					if file != "" {
						wantMatch(t, `(?s)^(myproduct: `+strings.Trim(tt.want, "^$")+`.*)?$`, text) // for who started it
						content, err := os.ReadFile(file)
						if err != nil {
							t.Fatal(err)
						}
						text = string(content)
					}
					checkLastLine(t, form, text, tt.want)
				})
			}
		}
	}
}

func checkLastLine(t *testing.T, form, text, want string) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if form == "text" {
		wantMatch(t, `(?m)^(ERROR|INFO at serve_test\.\S+) \[.*\] `+strings.ReplaceAll(strings.Trim(want, "^$"), `\n`, `\n    `)+`$`, text)
		last := regexp.MustCompile(`^(ERROR|INFO|    )`)
		if !last.MatchString(lines[len(lines)-1]) {
			t.Errorf("the last line is %s", lines[len(lines)-1])
		}
		return
	}
	for _, line := range lines {
		if !json.Valid([]byte(line)) {
			t.Errorf("not JSON: %s", line)
		}
	}
	var last struct{ Message string }
	_ = json.Unmarshal([]byte(lines[len(lines)-1]), &last)
	wantMatch(t, want, last.Message)
}

// entry is a line of the log, in JSON.
type entry struct {
	Level, Caller, Message string
	RequestID              string `json:"request_id"`
	N, M                   int
	Derived                bool
	G                      struct{ N int }
}

// TestLogOfPackages: what the product's packages log by log and slog is in the log,
// with the id of the call whose context they name.
func TestLogOfPackages(t *testing.T) {
	prepare, _ := startsBy(t, "logs")
	p := startProcess(t, prepare, "127.0.0.1:0", "--log", "json")
	answer, err := http.Post("http://"+p.address+"/api/v0/talk/read", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	id := answer.Header.Get("X-Request-Id")
	p.signal(syscall.SIGTERM)
	p.log.awaitEnd()

	found := map[string]entry{}
	for _, line := range strings.Split(p.log.String(), "\n") {
		var e entry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Errorf("%v: %s", err, line)
		}
		found[e.Message] = e
	}
	for _, want := range []entry{
		{Level: "info", Message: "prefix: by log"},
		{Level: "warn", Message: "by slog", N: 1},
		{Level: "info", Message: "by slog with", M: 2, G: struct{ N int }{1}},
		{Level: "info", Message: "prefix: a call, by log", Caller: "talk"},
		{Level: "info", Message: "a call, by slog", N: 1, RequestID: id, Caller: "talk"},
		{Level: "error", Message: "a call, by slog with", M: 2, G: struct{ N int }{1}, RequestID: id, Caller: "talk"},
		{Level: "info", Message: "a call, by slog without context", Caller: "talk"},
		{Level: "info", Message: "a call, by a logger of its own", Derived: true, Caller: "talk"},
	} {
		got := found[want.Message]
		wantMatch(t, `^serve_test\.`+cmp.Or(want.Caller, `\w+`)+`:\d+$`, got.Caller)
		got.Caller = want.Caller
		if got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}

// TestOwnLogIsKept: a product that sets slog's default, before main or in its Start,
// keeps it.
func TestOwnLogIsKept(t *testing.T) {
	for _, start := range []string{"own log", "sets its log"} {
		t.Run(start, func(t *testing.T) {
			prepare, _ := startsBy(t, start)
			p := startProcess(t, prepare, "127.0.0.1:0", "--log", "json")
			if got := status("POST", "http://"+p.address+"/api/v0/talk/read"); got != 200 {
				t.Errorf("got %d", got)
			}
			p.signal(syscall.SIGTERM)
			p.log.awaitEnd()
			for _, message := range []string{"a call, by log", "a call, by slog", "a call, by slog with"} {
				wantMatch(t, `(?m)^time=\S+ level=\w+ msg="`+message+`" own=true`, p.log.String())
			}
		})
	}
}
