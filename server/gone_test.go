package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server"
)

func onlyOnLinux(t testing.TB) {
	if runtime.GOOS != "linux" {
		t.Skip("clients are watched on Linux alone")
	}
}

// waiting serves functions that wait for the end of their contexts, each in its
// own way. They say when they begin, and how it ended.
type waiting struct {
	api   *apiphant.API
	begun chan struct{}
	ends  chan error // context.Cause, of the context they waited for
}

func newWaiting() *waiting {
	w := &waiting{api: echo(), begun: make(chan struct{}, 1000), ends: make(chan error, 1000)}
	w.api.Timeout = time.Hour
	until := func(wait func(ctx context.Context) error) func(ctx context.Context) error {
		return func(ctx context.Context) error {
			w.begun <- struct{}{}
			err := wait(ctx)
			w.ends <- context.Cause(ctx)
			return err
		}
	}
	done := until(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
	for name, wait := range map[string]func(ctx context.Context) error{
		"done": done,
		"err": until(func(ctx context.Context) error {
			for ctx.Err() == nil { // a function that asks now and then, as some do
				time.Sleep(time.Millisecond)
			}
			return ctx.Err()
		}),
		"child": until(func(ctx context.Context) error {
			child, cancel := context.WithTimeout(context.WithValue(ctx, contextKey{}, 1), time.Hour)
			defer cancel()
			<-child.Done()
			return fmt.Errorf("asking a database: %w", child.Err())
		}),
		"after": until(func(ctx context.Context) error {
			told := make(chan struct{})
			context.AfterFunc(ctx, func() { close(told) })
			<-told
			return context.Cause(ctx)
		}),
	} {
		w.api.Handle("v0/"+name, apiphant.Actions{Read: apiphant.Proc(func(ctx context.Context, _ apiphant.Object) error { return wait(ctx) })})
	}
	w.api.Handle("v0/raw", apiphant.Actions{
		Create: apiphant.RawRequest(func(ctx context.Context, _ *http.Request) (any, error) { return nil, done(ctx) }),
		Read: apiphant.Raw(func(rw http.ResponseWriter, r *http.Request) {
			apiphant.WriteError(rw, r, done(r.Context()))
		}),
		Update: apiphant.RawResponse(func(ctx context.Context, _ apiphant.Object, rw http.ResponseWriter) error {
			_, _ = io.WriteString(rw, "some")
			_ = http.NewResponseController(rw).Flush()
			return done(ctx)
		}),
	})
	return w
}

// leaves are the ways in which a client goes away.
var leaves = map[string]func(c *client){
	"close":          func(c *client) { c.Close() },
	"reset":          func(c *client) { _ = c.SetLinger(0); c.Close() },
	"end of sending": func(c *client) { _ = c.CloseWrite() },
	"close, with a further request sent": func(c *client) {
		c.send(post("/api/v0/echo/read", "{}"))
		c.Close()
	},
}

// TestClientGone: a function learns of it however it waits and however the
// client goes, and it is no error of the server's.
func TestClientGone(t *testing.T) {
	onlyOnLinux(t)
	for leaving, leave := range leaves {
		for _, path := range []string{"done/read", "err/read", "child/read", "after/read", "raw/create", "raw/read", "raw/update"} {
			t.Run(leaving+"/"+path, func(t *testing.T) {
				t.Parallel()
				w := newWaiting()
				running := start(t, w.api, &server.Server{})
				c := running.dial()
				c.send(post("/api/v0/"+path, `{"a":1}`))
				wait(t, "the function begins", w.begun)
				leave(c)
				if cause := wait(t, "the function is told", w.ends); cause != apiphant.ErrClientGone {
					t.Errorf("got %v, want %v", cause, apiphant.ErrClientGone)
				}
				c.Close()
				running.end()
				if err := wait(t, "Serve ends", running.ended); err != nil {
					t.Error(err)
				}
				running.ended <- nil
				log, access := running.log.String(), running.access.String()
				if !strings.Contains(log, `"level":"INFO","msg":"/api/v0/`+path+" ended with 499: ") || strings.Contains(log, ": 499 ") || strings.Contains(log, "ERROR") {
					t.Errorf("the log: %s", log)
				}
				if want := map[bool]string{false: `"status":499`, true: `"status":200`}[path == "raw/update"]; !strings.Contains(access, want) {
					t.Errorf("the access log: %s, want %s", access, want)
				}
			})
		}
	}
}

// TestHalfClosedClientIsAnswered: who only stops sending may still read.
func TestHalfClosedClientIsAnswered(t *testing.T) {
	onlyOnLinux(t)
	w := newWaiting()
	w.api.Handle("v0/ignoring", apiphant.Actions{Read: apiphant.Func(func(ctx context.Context, request apiphant.Object) (apiphant.Object, error) {
		<-ctx.Done()
		return request, nil
	})})
	running := start(t, w.api, &server.Server{})
	for path, want := range map[string]string{
		"done":     `499 {"error":"499 Client Closed Request"}`,
		"ignoring": `200 {"a":1}`,
	} {
		c := running.dial()
		c.send(post("/api/v0/"+path+"/read", `{"a":1}`))
		_ = c.CloseWrite()
		if got := c.receive("POST"); got.String() != want {
			t.Errorf("%s: got %v, want %v", path, got, want)
		}
		c.wantClosed()
	}
}

// TestClientThatStays is not taken for gone: not for what it sends meanwhile, nor
// for what became of its connection's earlier calls.
func TestClientThatStays(t *testing.T) {
	w := newWaiting()
	leave := make(chan struct{})
	w.api.Handle("v0/stay", apiphant.Actions{Read: apiphant.Proc(func(ctx context.Context, _ apiphant.Object) error {
		w.begun <- struct{}{}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-leave:
			return nil
		}
	})})
	running := start(t, w.api, &server.Server{})
	c := running.dial()
	for range 3 {
		c.send(post("/api/v0/stay/read", "") + post("/api/v0/echo/read", `{"a":1}`))
		wait(t, "the function begins", w.begun)
		if runtime.GOOS == "linux" { // by the time that another one is told, this one was watched
			other := running.dial()
			other.send(post("/api/v0/done/read", ""))
			wait(t, "the other function begins", w.begun)
			other.Close()
			wait(t, "the other function is told", w.ends)
		}
		leave <- struct{}{}
		if got := c.receive("POST"); got.String() != "200 {}" {
			t.Fatalf("got %v", got)
		}
		if got := c.receive("POST"); got.String() != `200 {"a":1}` {
			t.Fatalf("the next request: got %v", got)
		}
	}
}

// TestManyClientsGone at once, as soon as their functions have begun.
func TestManyClientsGone(t *testing.T) {
	onlyOnLinux(t)
	const n = 500
	type request struct{ Client int }
	var begun [n]chan struct{}
	var told [n]chan time.Time
	for i := range n {
		begun[i], told[i] = make(chan struct{}), make(chan time.Time, 1)
	}
	api := echo()
	api.Handle("v0/wait", apiphant.Actions{Read: apiphant.Proc(func(ctx context.Context, r request) error {
		close(begun[r.Client])
		<-ctx.Done()
		if context.Cause(ctx) == apiphant.ErrClientGone {
			told[r.Client] <- time.Now()
		}
		return ctx.Err()
	})})
	running := start(t, api, &server.Server{})
	var took [n]time.Duration
	var group sync.WaitGroup
	for i := range n {
		c := running.dial()
		if i%2 == 0 {
			_ = c.SetLinger(0)
		}
		group.Go(func() {
			c.send(post("/api/v0/wait/read", fmt.Sprintf(`{"Client":%d}`, i)))
			<-begun[i]
			left := time.Now()
			c.Close()
			select {
			case at := <-told[i]:
				took[i] = at.Sub(left)
			case <-time.After(patience):
				t.Errorf("client %d went, and its function was not told", i)
			}
		})
	}
	group.Wait()
	var total time.Duration
	for _, one := range took {
		total += one
	}
	t.Logf("%d clients: told after %v on average, %v at most", n, total/n, slices.Max(took[:]))
}

// TestReusedConnectionsAndDescriptors lets clients of short and long calls come
// and go: who stays is answered, who goes is noticed, and nobody is taken for
// another.
func TestReusedConnectionsAndDescriptors(t *testing.T) {
	onlyOnLinux(t)
	var went, told atomic.Int64
	api := echo()
	api.Handle("v0/short", apiphant.Actions{Read: apiphant.Func(func(ctx context.Context, r struct {
		For time.Duration `json:"for"`
	}) (any, error) {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(r.For):
			return nil, nil
		}
	})})
	api.Handle("v0/gone", apiphant.Actions{Read: apiphant.Proc(func(ctx context.Context, _ apiphant.Object) error {
		<-ctx.Done()
		if errors.Is(context.Cause(ctx), apiphant.ErrClientGone) {
			told.Add(1)
		}
		return ctx.Err()
	})})
	running := start(t, api, &server.Server{})
	var group sync.WaitGroup
	for seed := range uint64(16) {
		group.Go(func() {
			random := rand.New(rand.NewPCG(seed, 1))
			for range 12 {
				c := running.dial()
				for range random.IntN(4) {
					body := fmt.Sprintf(`{"for":%d}`, random.Int64N(int64(3*server.WatchDelay)))
					c.send(post("/api/v0/short/read", body))
					if got, err := c.tryReceive("POST"); got.String() != "200 {}" {
						t.Errorf("got %v and %v: taken for gone", got, err)
					}
				}
				if random.IntN(2) == 0 {
					c.send(post("/api/v0/gone/read", ""))
					went.Add(1)
				}
				c.Close()
			}
		})
	}
	group.Wait()
	happens(func() bool { return told.Load() >= went.Load() })
	if told.Load() != went.Load() {
		t.Errorf("%d clients went, %d functions were told", went.Load(), told.Load())
	}
}

// TestDrainDoesNotWaitForNobody: a call whose client has gone does not hold up
// the end.
func TestDrainDoesNotWaitForNobody(t *testing.T) {
	onlyOnLinux(t)
	w := newWaiting()
	running := start(t, w.api, &server.Server{Drain: time.Hour})
	c := running.dial()
	c.send(post("/api/v0/done/read", ""))
	wait(t, "the function begins", w.begun)
	running.end()
	c.Close()
	if err := wait(t, "Serve ends", running.ended); err != nil {
		t.Error(err)
	}
	running.ended <- nil
}

// TestWatcherLeavesNothing: neither a descriptor nor a goroutine, see start.
func TestWatcherLeavesNothing(t *testing.T) {
	onlyOnLinux(t)
	before := epolls(t)
	for range 3 {
		w := newWaiting()
		running := start(t, w.api, &server.Server{})
		c := running.dial()
		c.send(post("/api/v0/done/read", ""))
		wait(t, "the function begins", w.begun)
		if got := epolls(t); got != before+1 {
			t.Errorf("while serving: %d epoll instances, want %d", got, before+1)
		}
		c.Close()
		wait(t, "the function is told", w.ends)
		running.end()
		if err := wait(t, "Serve ends", running.ended); err != nil {
			t.Error(err)
		}
		running.ended <- nil
		if got := epolls(t); got != before {
			t.Errorf("after the end: %d epoll instances, want %d", got, before)
		}
	}
}

func epolls(t *testing.T) (count int) {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if target, _ := os.Readlink("/proc/self/fd/" + entry.Name()); strings.Contains(target, "eventpoll") {
			count++
		}
	}
	return count
}

// TestClientGoneUnderTLS: the socket is found below it.
func TestClientGoneUnderTLS(t *testing.T) {
	onlyOnLinux(t)
	w := newWaiting()
	running := start(t, w.api, &server.Server{Certificate: certificate(t)})
	c := running.dial().secure(insecure)
	if _, err := io.WriteString(c, post("/api/v0/done/read", "")); err != nil {
		t.Fatal(err)
	}
	wait(t, "the function begins", w.begun)
	c.Close()
	if cause := wait(t, "the function is told", w.ends); cause != apiphant.ErrClientGone {
		t.Errorf("got %v, want %v", cause, apiphant.ErrClientGone)
	}
}
