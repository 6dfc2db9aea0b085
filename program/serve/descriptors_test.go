//go:build unix

package serve_test

import (
	"fmt"
	"net"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// withDescriptors prepares a process that may have so many file descriptors.
func withDescriptors(most int) func(*exec.Cmd) {
	return func(command *exec.Cmd) {
		command.Args = append([]string{"sh", "-c", fmt.Sprintf(`ulimit -n %d && exec "$0" "$@"`, most)}, command.Args...)
		command.Path = "/bin/sh"
	}
}

// TestCrowdOnFewDescriptors lets more clients connect than the process may have file
// descriptors. Half of them are silent, the others have asked and stay. The API and
// --admin answer meanwhile, and nobody is left in the listener's queue.
func TestCrowdOnFewDescriptors(t *testing.T) {
	for _, most := range []int{64, 96, 128, 1024} {
		t.Run(fmt.Sprint(most), func(t *testing.T) {
			t.Parallel()
			admin := freeAddress(t)
			p := startProcess(t, withDescriptors(most), "127.0.0.1:0", "--admin", admin, "--log-file", t.TempDir()+"/log", "--drain-window", "0")
			for i := range most + 64 {
				c, err := net.DialTimeout("tcp", p.address, patience)
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				if i%2 == 0 {
					_, _ = c.Write([]byte("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"))
				}
				if i%32 != 0 {
					continue
				}
				began := time.Now()
				if got := status("GET", "http://"+admin+"/healthz"); got != 200 {
					t.Errorf("with %d clients --admin answers %d", i, got)
				}
				for got := 0; got != 200 && got != 503; { // 0: it was closed, since many are being refused
					if got = status("GET", "http://"+p.address+"/healthz"); time.Since(began) > patience {
						t.Fatalf("with %d clients the API answers %d", i, got)
					}
				}
				if took := time.Since(began); took > 5*time.Second {
					t.Errorf("with %d clients both take %s", i, took)
				}
			}
			if metrics := get(t, "http://"+admin+"/metrics"); !strings.Contains(metrics, "\napiphant_accept_failures_total 0\n") {
				t.Errorf("connections could not be accepted:\n%s", metrics)
			}
			p.signal(syscall.SIGTERM)
			p.log.awaitEnd()
		})
	}
}

// TestTooFewDescriptors tests that a program that could not serve says so, and does
// not start.
func TestTooFewDescriptors(t *testing.T) {
	p := launch(t, withDescriptors(32))
	p.log.await(`^ERROR .* RLIMIT_NOFILE lets this process have 32 file descriptors: \d+ are open, .* want a limit of \d+ or more, better 1024`)
	if err := p.wait(); err == nil {
		t.Error("it ended with 0")
	}
}
