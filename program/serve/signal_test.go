package serve_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/apiphant/apiphant/program"
)

// childEnv tells the test binary to be the program of TestSignals.
const childEnv = "APIPHANT_TEST_CHILD"

func TestMain(m *testing.M) {
	switch os.Getenv(childEnv) {
	case "":
	case "restart":
		program.Main(restartable())
	default:
		os.Args = []string{"myproduct", "serve", "127.0.0.1:0", "--drain-window", "0"}
		program.Main(echo(make(chan struct{}))) // its function never returns
	}
	os.Exit(m.Run())
}

// TestSignals: one lets the program drain and end with 0; while a call holds it
// up, a second one ends it at once.
func TestSignals(t *testing.T) {
	for _, signal := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		for _, held := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/held=%t", signal, held), func(t *testing.T) {
				command, r := child(t)
				r.begin(command)
				address := regexp.MustCompile(`127[^/]*`).FindString(r.first)
				if held {
					hold(t, address)
				}
				_ = command.Process.Signal(signal)
				wantMatch(t, "Draining", r.line())
				if held {
					_ = command.Process.Signal(signal)
				}
				rest, _ := io.ReadAll(r.lines)
				err := command.Wait()
				var exit *exec.ExitError
				if killed := errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signaled(); killed != held || !held && err != nil {
					t.Errorf("got %v after %s", err, rest)
				}
			})
		}
	}
}

// begin starts the product in a process of its own.
func (r *running) begin(command *exec.Cmd) io.Closer {
	r.t.Helper()
	stderr, err := command.StderrPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		r.t.Fatal(err)
	}
	r.lines = bufio.NewReader(stderr)
	r.awaitServing()
	return stderr
}

// hold sends a request whose function has begun when hold returns.
func hold(t *testing.T, address string) {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	// 100 Continue tells that the request is under way.
	request := "POST /api/v0/echo/read HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
	_, _ = io.WriteString(c, request)
	_ = c.SetReadDeadline(time.Now().Add(patience))
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("got %q and %v", line, err)
	}
	_, _ = io.WriteString(c, "{}")
}
