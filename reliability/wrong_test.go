package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// The servers of these tests are wrong on purpose: a scenario must miss its bar with
// them, or its "met" means nothing.

const (
	goodRefusal = "HTTP/1.1 %d Refused\r\nContent-Type: application/json\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 15\r\n\r\n{\"error\":\"wro\"}"
	bareRefusal = "HTTP/1.1 %d Refused\r\nContent-Type: text/plain\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 7\r\n\r\nrefused"
	noRetry     = "HTTP/1.1 %d Refused\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: 15\r\n\r\n{\"error\":\"wro\"}"
	everything  = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
)

// serveConns starts a server that calls do with each connection, and then closes it.
func serveConns(t *testing.T, do func(net.Conn)) (address string, kill func()) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	killed := make(chan struct{})
	var dead atomic.Bool
	kill = func() {
		if dead.CompareAndSwap(false, true) {
			close(killed)
			ln.Close()
		}
	}
	t.Cleanup(kill)
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				go func() {
					<-killed
					conn.Close()
				}()
				do(conn)
			}()
		}
	}()
	return ln.Addr().String(), kill
}

// answering returns a server that answers any request with a text after a time, and
// closes the connection. With a negative time it answers at once and does not close.
func answering(text string, after time.Duration) func(net.Conn) {
	return func(conn net.Conn) {
		if n, _ := conn.Read(make([]byte, 1<<20)); n == 0 {
			return
		}
		time.Sleep(after) // how long this server is silent is what is wrong with it
		fmt.Fprint(conn, text)
		if text == "" || after < 0 {
			_, _ = io.Copy(io.Discard, conn)
			return
		}
		_ = conn.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, conn)
	}
}

func closing413(conn net.Conn) { fmt.Fprint(conn, "HTTP/1.1 413 Too") }

func TestLimitChecks(t *testing.T) {
	type serving struct {
		limitCheck
		name string
		do   func(net.Conn)
		met  string
	}
	var tests []serving
	for _, check := range limitChecks {
		quick := check
		quick.latest, quick.earliest = 250*time.Millisecond, 0
		calm := quick
		calm.latest = maxWait
		right, other := answering(fmt.Sprintf(goodRefusal, check.status), 0), http.StatusBadRequest
		if check.status != http.StatusOK {
			other = http.StatusOK
			tests = append(tests, serving{calm, "bare text", answering(fmt.Sprintf(bareRefusal, check.status), 0), "n"})
		}
		tests = append(tests,
			serving{quick, "hangs", answering("", 0), "n"},
			serving{calm, "closes", closing413, "n"},
			serving{calm, "another status", answering(fmt.Sprintf(goodRefusal, other), 0), "n"},
			serving{quick, "late", answering(fmt.Sprintf(goodRefusal, check.status), 400*time.Millisecond), "n"},
			serving{calm, "right", right, "y"})
		if check.earliest > 0 {
			tests = append(tests, serving{check, "early", right, "n"})
		}
	}
	concurrently(tests, func(tt serving) {
		address, _ := serveConns(t, tt.do)
		wantMet(t, tt.what+": "+tt.name, []row{tt.row(address)}, tt.met)
	})
}

// brief returns the time to wait, which is short if nothing is expected to come.
func brief(inVain bool) time.Duration {
	if inVain {
		return time.Second
	}
	return maxWait
}

// concurrently runs all cases of a table at the same time, since they mostly wait.
func concurrently[T any](tests []T, try func(T)) {
	together(len(tests), len(tests), func(i int) error {
		try(tests[i])
		return nil
	})
}

func TestAskBeyond(t *testing.T) {
	type wrong struct {
		name string
		do   func(net.Conn)
		met  bool
	}
	tests := []wrong{
		{"right", answering(fmt.Sprintf(goodRefusal, 503), 0), true},
		{"served", answering(everything, 0), false},
		{"bare text", answering(fmt.Sprintf(bareRefusal, 503), 0), false},
		{"without Retry-After", answering(fmt.Sprintf(noRetry, 503), 0), false},
		{"429", answering(fmt.Sprintf(goodRefusal, 429), 0), false},
		{"closed", closing413, false},
	}
	concurrently(tests, func(tt wrong) {
		address, _ := serveConns(t, tt.do)
		if refused, _, problems := askBeyond(address, 3); (refused == 3) != tt.met || (len(problems) == 0) != tt.met {
			t.Errorf("%s: got %d of 3, %v", tt.name, refused, problems)
		}
	})
	address, _ := serveConns(t, answering(fmt.Sprintf(goodRefusal, 503), 2*refusalBar))
	if _, slowest, _ := askBeyond(address, 1); slowest <= refusalBar {
		t.Errorf("a refusal after %s took %s", 2*refusalBar, slowest)
	}
}

// TestOffered: a load counts as refused only correct refusals.
func TestOffered(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"served", everything, "served"},
		{"refused", fmt.Sprintf(goodRefusal, 503), "refused"},
		{"without Retry-After", fmt.Sprintf(noRetry, 503), "problem"},
		{"bare text", fmt.Sprintf(bareRefusal, 503), "problem"},
		{"half", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{", "problem"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			address, _ := serveConns(t, func(conn net.Conn) {
				_, _ = conn.Read(make([]byte, 1<<10))
				fmt.Fprint(conn, tt.text)
			})
			tally := offered{address: address, request: post(echoPath, echoBody), rate: 100, clients: 1, lasts: 10 * time.Millisecond}.run()
			got := map[string]int{"served": len(tally.served), "refused": len(tally.refused), "problem": len(tally.problems)}
			for what, n := range got {
				if (n > 0) != (what == tt.want) {
					t.Errorf("got %v, want only %s", got, tt.want)
				}
			}
		})
	}
}

// TestCut: partial answers that look complete, and connections that stay open, are
// recognised.
func TestCut(t *testing.T) {
	beginning := strings.Repeat("x", 128<<10)
	type wrong struct {
		name, head, afterKill string
		stays                 bool // the connection does, after the kill
		met                   string
	}
	tests := []wrong{
		{"a declared length", "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + beginning, "", false, "yy"},
		{"chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20000\r\n" + beginning + "\r\n", "", false, "yy"},
		{"until the connection ends", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + beginning, "", false, "ny"},
		{"chunks that are ended in order", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20000\r\n" + beginning + "\r\n", "0\r\n\r\n", false, "ny"},
		{"a connection that stays", "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + beginning, "", true, "yn"},
		{"no answer", "", "", false, "nn"},
	}
	concurrently(tests, func(tt wrong) {
		killed := make(chan struct{})
		address, _ := serveConns(t, func(conn net.Conn) {
			_, _ = conn.Read(make([]byte, 1<<10))
			fmt.Fprint(conn, tt.head)
			if tt.head == "" {
				return
			}
			<-killed
			fmt.Fprint(conn, tt.afterKill)
			if tt.stays {
				_, _ = io.Copy(io.Discard, conn)
			}
		})
		h := cut(address, post(echoPath, echoBody), 3, brief(tt.stays), func() { close(killed) })
		wantMet(t, tt.name, h.rows(""), tt.met)
	})
}

// TestCrawl: only a slow connection that is answered 408 and closed counts.
func TestCrawl(t *testing.T) {
	type wrong struct {
		name   string
		do     func(net.Conn)
		closed bool
	}
	tests := []wrong{
		{"right", answering(fmt.Sprintf(goodRefusal, 408), 0), true},
		{"hangs", answering("", 0), false},
		{"answers, and more", answering(fmt.Sprintf(goodRefusal, 408)+everything, 0), false},
		{"answers, and stays open", answering(fmt.Sprintf(goodRefusal, 408), -1), false},
		{"bare text", answering(fmt.Sprintf(bareRefusal, 408), 0), false},
		{"closes", closing413, false},
	}
	concurrently(tests, func(tt wrong) {
		address, _ := serveConns(t, tt.do)
		closed, errs := crawl(address, 2, brief(!tt.closed))
		if n := len(closed[0]) + len(closed[1]); tt.closed != (n == 4) || tt.closed != (len(errs) == 0) {
			t.Errorf("%s: got %d closed, %v", tt.name, n, errs)
		}
	})
}

// TestPanicRows: wrong answers to a panic, and streams that end regularly after one,
// miss the bar.
func TestPanicRows(t *testing.T) {
	type wrong struct {
		name            string
		before, started string // what is answered where nothing, or something, had gone out
		met             string
	}
	tests := []wrong{
		{"right", fmt.Sprintf(goodRefusal, 500), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{\"half\":\r\n", "yy"},
		{"bare text", fmt.Sprintf(bareRefusal, 500), "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", "ny"},
		{"200", everything, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", "ny"},
		{"closed", "", "", "ny"},
		{"ended in order", fmt.Sprintf(goodRefusal, 500), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{\"half\":\r\n0\r\n\r\n", "yn"},
	}
	concurrently(tests, func(tt wrong) {
		address, _ := serveConns(t, func(conn net.Conn) {
			request, err := http.ReadRequest(bufio.NewReader(conn))
			switch {
			case err != nil:
			case isBroken(request.URL.Path):
				fmt.Fprint(conn, tt.started)
			default:
				fmt.Fprint(conn, tt.before)
			}
		})
		wantMet(t, tt.name, panicRows(address, 2), tt.met)
	})
}

// isBroken reports whether the panic of a path comes in the middle of an answer.
func isBroken(path string) bool {
	return slices.ContainsFunc(panickings, func(p panicking) bool { return p.broken && strings.Contains(p.request, path+" ") })
}

// TestMessages: servers that accept, refuse or ignore everything, and net/http.
func TestMessages(t *testing.T) {
	refusal := func(text string) func(net.Conn, string) {
		return func(conn net.Conn, _ string) { fmt.Fprint(conn, text) }
	}
	type wrong struct {
		name string
		do   func(conn net.Conn, head string)
		met  string // smuggled, valid, served, one error as JSON, hanging
	}
	tests := []wrong{
		{"refuses everything", refusal(fmt.Sprintf(goodRefusal, 400)), "ynyyy"},
		{"with bare text", refusal(fmt.Sprintf(bareRefusal, 400)), "ynyny"},
		{"twice", refusal(strings.Repeat(fmt.Sprintf(strings.Replace(goodRefusal, "Connection: close\r\n", "", 1), 400), 2)), "ynyny"},
		{"closes without a word", func(net.Conn, string) {}, "ynyyy"},
		{"serves everything once", refusal(everything), "ynnyy"},
		{"is mute", func(conn net.Conn, _ string) { _, _ = io.Copy(io.Discard, conn) }, "ynyyn"},
		{"answers half", refusal("HTTP/1.1 400 Bad Request\r\nContent-Le"), "ynyny"},
	}
	concurrently(tests, func(tt wrong) {
		address, _ := serveConns(t, func(conn net.Conn) {
			first := make([]byte, 1<<10)
			n, _ := conn.Read(first)
			if strings.Contains(string(first[:n]), "POST /api/v0/canary/read ") {
				fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"calls\":0}")
				return
			}
			tt.do(conn, string(first[:n]))
			_ = conn.(*net.TCPConn).CloseWrite()
			_, _ = io.Copy(io.Discard, conn)
		})
		rows, err := checkMessages(address, brief(strings.HasSuffix(tt.met, "n")))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		wantMet(t, tt.name, rows, tt.met)
	})
}

// TestSmuggled: a server that ignores Transfer-Encoding runs smuggled requests.
func TestSmuggled(t *testing.T) {
	var calls atomic.Int64
	address, _ := serveConns(t, func(conn net.Conn) {
		in := bufio.NewReader(conn)
		for {
			length, path := 0, ""
			for header := "x"; header != "\r\n"; {
				var err error
				if header, err = in.ReadString('\n'); err != nil {
					return
				}
				_, _ = fmt.Sscanf(header, "Content-Length: %d", &length)
				_, _ = fmt.Sscanf(header, "POST %s", &path)
			}
			if _, err := in.Discard(length); err != nil {
				return
			}
			if path == "/api/v0/canary/create" {
				calls.Add(1)
			}
			body := fmt.Sprintf(`{"calls":%d}`, calls.Load())
			fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		}
	})
	rows, err := checkMessages(address, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if rows[0].met || rows[2].met {
		t.Errorf("got %v", rows)
	}
}
