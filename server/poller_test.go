//go:build linux

package server_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server"
)

// waitingAPI tells, with "within", whether a call is answered within the wait for
// it. An update waits itself.
func waitingAPI() (api *apiphant.API, entered, release chan struct{}) {
	api = echo()
	entered, release = make(chan struct{}), make(chan struct{})
	api.Handle("v0/within", apiphant.Actions{
		Read: apiphant.Func(func(context.Context, apiphant.Object) (apiphant.Object, error) {
			return apiphant.Object{"within": strings.Contains(string(debug.Stack()), "readAndAnswer(")}, nil
		}),
		Update: apiphant.Proc(func(context.Context, apiphant.Object) error {
			entered <- struct{}{}
			<-release
			return nil
		}),
	})
	return api, entered, release
}

func within(body string) string { return post("/api/v0/within/read", body) }

func (c *client) wantWithin() {
	c.t.Helper()
	if got := c.receive("POST"); got.String() != `200 {"within":true}` {
		c.t.Errorf("got %v", got)
	}
}

// TestCallsWithinOneWait: one after the other, however they come.
func TestCallsWithinOneWait(t *testing.T) {
	api, entered, release := waitingAPI()
	patient := &server.Server{HeaderTimeout: time.Hour, IdleTimeout: time.Hour}
	patient.Hurry(time.Hour) // no wait that ends is to help on
	running := start(t, api, patient)
	t.Run("one after the other", func(t *testing.T) {
		c := running.dial()
		for range 3 {
			c.send(within("{}"))
			c.wantWithin()
		}
	})
	t.Run("while the one before it runs", func(t *testing.T) {
		c := running.dial()
		for range 3 {
			c.send(post("/api/v0/within/update", "{}"))
			wait(t, "the call runs", entered)
			c.send(within("{}"))
			time.Sleep(5 * time.Millisecond) // until the poller has been told, which nothing outside the kernel says
			release <- struct{}{}
			if got := c.receive("POST"); got.String() != "200 {}" {
				t.Errorf("got %v", got)
			}
			c.wantWithin()
		}
	})
	t.Run("as long as what is read at a time, and one behind it", func(t *testing.T) {
		const most = server.DefaultMaxHeader + server.FramingRoom
		c := running.dial()
		for _, length := range []int{most, most, most - 1} {
			beside := len(within(strings.Repeat("x", 1000))) - 1000
			request := within(`{"a":"` + strings.Repeat("x", length-beside-len(`{"a":""}`)) + `"}`)
			if len(request) != length {
				t.Fatalf("a request of %d bytes, want %d", len(request), length)
			}
			if length == most {
				request += within("{}")
			}
			c.send(request)
			for range strings.Count(request, "POST") {
				c.wantWithin()
			}
		}
	})
	t.Run("two at once, and after what others answer", func(t *testing.T) {
		c := running.dial()
		for range 2 {
			c.send(within("{}") + within("{}"))
			c.wantWithin()
			c.wantWithin()
			c.send(strings.Replace(within("{}"), "Host:", "Trailer: x\r\nHost:", 1)) // fasthttp's
			if got := c.receive("POST"); got.String() != `200 {"within":false}` {
				t.Errorf("got %v", got)
			}
		}
	})
}

// TestCallWithTheEndOfItsClient: one poll tells of both, and only the call is read.
func TestCallWithTheEndOfItsClient(t *testing.T) {
	api, entered, release := waitingAPI()
	c := start(t, api, &server.Server{IdleTimeout: time.Hour}).dial()
	c.send(post("/api/v0/within/update", "{}"))
	wait(t, "the call runs", entered)
	system, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var failure error
	_ = system.Control(func(fd uintptr) { failure = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_CORK, 1) })
	if failure != nil {
		t.Fatal(failure)
	}
	c.send(within("{}"))
	_ = c.CloseWrite()
	time.Sleep(5 * time.Millisecond) // until the poller has been told of both, which nothing outside the kernel says
	release <- struct{}{}
	if got := c.receive("POST"); got.String() != "200 {}" {
		t.Errorf("got %v", got)
	}
	c.wantWithin()
	c.wantClosed() // long before the time-out of idle connections
}

// TestCallIsReadOnce: it is not tried whether there is more before it is waited for.
func TestCallIsReadOnce(t *testing.T) {
	c := start(t, echo(), &server.Server{}).dial()
	c.wantOpen()
	file, err := c.File() // which Go's poller has nothing to do with: each of its reads is one
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := syscall.SetNonblock(int(file.Fd()), false); err != nil {
		t.Fatal(err)
	}
	const calls = 100
	answer := make([]byte, 1<<10)
	before := systemReads(t)
	for range calls {
		for begun := time.Now(); time.Since(begun) < 200*time.Microsecond; { // until the server waits; a timer would be read, too
			runtime.Gosched()
		}
		if _, err := io.WriteString(file, post("/api/v0/echo/read", "{}")); err != nil {
			t.Fatal(err)
		}
		if _, err := file.Read(answer); err != nil {
			t.Fatal(err)
		}
	}
	if got := systemReads(t) - before; got < 2*calls || got > 2*calls+calls/4 {
		t.Errorf("%d reads of %d calls and their answers, want little more than %d", got, calls, 2*calls)
	}
}

// systemReads is how often this process has asked the system to read: proc_pid_io(5).
func systemReads(t *testing.T) (count int) {
	t.Helper()
	text, err := os.ReadFile("/proc/self/io")
	if err != nil {
		t.Skip("the system does not tell: ", err)
	}
	_, found, _ := strings.Cut(string(text), "syscr: ")
	if _, err := fmt.Sscan(found, &count); err != nil {
		t.Fatal(err)
	}
	return count
}

// TestOverdueCallDoesNotKeepItsClient, nor Serve, beyond the drain.
func TestOverdueCallDoesNotKeepItsClient(t *testing.T) {
	api := echo()
	entered, release := make(chan struct{}), make(chan struct{})
	api.Handle("v0/overdue", apiphant.Actions{Read: apiphant.Proc(func(context.Context, apiphant.Object) error {
		close(entered)
		<-release
		return nil
	})})
	s := &server.Server{DrainWindow: -1, Drain: 20 * time.Millisecond}
	s.Hurry(20 * time.Millisecond)
	running := start(t, api, s)
	c := running.dial()
	c.send(post("/api/v0/overdue/read", "{}"))
	wait(t, "the call runs", entered)
	running.end()
	c.wantClosed()
	if err := wait(t, "Serve ends", running.ended); err != nil {
		t.Error(err)
	}
	running.ended <- nil
	close(release)
}
