package server_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server"
)

// answerSize is of a large answer: more than the system keeps for a client that does
// not read and has a small buffer.
const answerSize = 8<<20 - 1<<17

// asksLarge is a request for v0/large.
type asksLarge struct {
	End string `json:"end"` // how the function ends
}

// large has an endpoint with answers of answerSize, and small ones that say how much
// memory is taken while the function runs. It counts the calls.
func large(s *server.Server) (api *apiphant.API, calls *atomic.Int32) {
	api, calls = echo(), new(atomic.Int32)
	text := strings.Repeat("x", answerSize)
	api.Handle("v0/large", apiphant.Actions{Read: apiphant.Func(func(_ context.Context, request asksLarge) (apiphant.Object, error) {
		calls.Add(1)
		switch request.End {
		case "panic":
			panic("with memory for an answer")
		case "goexit":
			runtime.Goexit()
		case "error":
			return nil, &apiphant.Error{Status: 409}
		case "small":
			return apiphant.Object{"memory": s.Stats().BodyMemory}, nil
		}
		return apiphant.Object{"a": text}, nil
	})})
	return api, calls
}

// askLarge sends a request for a large answer, of which the client reads no more than
// its beginning, and returns the status.
func (r *running) askLarge(end string) (c *client, status string) {
	r.t.Helper()
	c = r.dial()
	_ = c.SetReadBuffer(64 << 10)
	c.send("POST /api/v0/large/read HTTP/1.1\r\nHost: test\r\n" + end)
	line, err := c.in.Peek(len("HTTP/1.1 200"))
	if err != nil {
		r.t.Fatal(err)
	}
	return c, string(line[len(line)-3:])
}

// wantLarge checks that the rest of a large answer comes.
func (c *client) wantLarge() {
	c.t.Helper()
	got := c.receive("POST")
	if want := answerSize + len(`{"a":""}`); got.status != 200 || len(got.body) != want || strings.Count(got.body, "x") != answerSize {
		c.t.Errorf("got %d with %d bytes, want 200 with %d", got.status, len(got.body), want)
	}
}

// TestAnswersOfSlowClients: of ten clients that ask for large answers and don't read
// them, as many get theirs as there is memory for.
func TestAnswersOfSlowClients(t *testing.T) {
	for way, end := range ways {
		t.Run(way, func(t *testing.T) {
			const most, held = 32 << 20, 2 // each byte counts twice
			s := &server.Server{BodyMemory: most}
			api, calls := large(s)
			running := start(t, api, s)
			free := func() bool { return s.Stats().BodyMemory == 0 }
			first, _ := running.askLarge(end) // until then nobody knows that the answers are large
			first.wantLarge()
			until(t, "the first answer takes no memory", free)

			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			var slow []*client
			for range 10 {
				c, status := running.askLarge(end)
				if status == "503" {
					wantOverloaded(t, c.receive("POST"))
					continue
				}
				slow = append(slow, c)
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			if len(slow) != held || calls.Load() != 1+held {
				t.Fatalf("%d were answered by %d calls, want %d", len(slow), calls.Load()-1, held)
			}
			if got, most := int64(after.HeapInuse)-int64(before.HeapInuse), int64(held*answerSize*5/4); got > most {
				t.Errorf("the answers take %d bytes, want at most %d", got, most)
			}
			if got := s.Stats(); got.BodyMemory < 2*held*answerSize || got.BodyMemory > most || got.Shed != (server.Shed{Memory: 10 - held}) {
				t.Errorf("got %+v, want the memory of %d answers and %d refused", got, held, 10-held)
			}
			running.dial().wantOpen() // an endpoint with small answers
			slow[0].wantLarge()
			slow[1].Close()
			until(t, "nobody has memory any more", free)
			last, _ := running.askLarge(end)
			last.wantLarge()
			until(t, "the last answer takes no memory", free)
		})
	}
}

// TestFirstAnswersAtOnce: of ten clients that ask at the same time, before anybody knows how
// large the answers are, as many get theirs as there is memory for, and one more.
func TestFirstAnswersAtOnce(t *testing.T) {
	s := &server.Server{BodyMemory: 32 << 20}
	s.AwaitFirst(patience)
	api, calls := large(s)
	running := start(t, api, s)
	for range 3 { // they say nothing of the others
		if got := running.dial().ask(post("/api/v0/large/read", `{"end":"error"}`)); got.status != 409 {
			t.Fatalf("got %v, want 409", got)
		}
	}
	calls.Store(0)
	statuses := make(chan string, 10)
	for range cap(statuses) {
		c := running.dial()
		_ = c.SetReadBuffer(64 << 10)
		c.send(post("/api/v0/large/read", "{}"))
		go func() {
			line, _ := c.in.Peek(len("HTTP/1.1 200"))
			statuses <- string(line)
		}()
	}
	got := map[string]int{}
	for range cap(statuses) {
		got[<-statuses]++
	}
	if most := server.FirstAtOnce + 1; int(calls.Load()) > most || got["HTTP/1.1 200"] != int(calls.Load()) || got["HTTP/1.1 503"] != cap(statuses)-int(calls.Load()) {
		t.Errorf("got %v, and %d calls ran, want at most %d, and 503 for the others", got, calls.Load(), most)
	}
}

// TestFirstCallsThatWait: where the first calls of an endpoint take long, others run beside
// them after a while.
func TestFirstCallsThatWait(t *testing.T) {
	s := &server.Server{}
	s.AwaitFirst(10 * time.Millisecond)
	entered, release := make(chan bool), make(chan bool)
	api := echo()
	api.Handle("v0/waits", apiphant.Actions{Read: apiphant.NoRequestWithoutContext(func() (apiphant.Object, error) {
		entered <- true
		<-release
		return nil, nil
	})})
	running := start(t, api, s)
	const many = server.FirstAtOnce + 2
	for range many {
		running.dial().send(post("/api/v0/waits/read", ""))
	}
	for range many {
		select {
		case <-entered:
		case <-time.After(patience):
			t.Fatal("a call waits for others that wait for it")
		}
	}
	close(release)
}

// TestOnlyErrors: calls of an endpoint that only answers with errors wait for a first
// response for a while, and no call does after that.
func TestOnlyErrors(t *testing.T) {
	s := &server.Server{}
	s.AwaitFirst(time.Millisecond)
	api, _ := large(s)
	running := start(t, api, s)
	endpoint := api.Find([]byte("POST"), []byte("/api/v0/large/read")).Endpoint
	client := running.dial()
	for deadline := time.Now().Add(20 * time.Second); ; {
		if got := client.ask(post("/api/v0/large/read", `{"end":"error"}`)); got.status != 409 || time.Now().After(deadline) {
			t.Fatalf("got %v, and calls still wait", got)
		}
		if !s.AwaitsFirst(endpoint) {
			return
		}
	}
}

// TestAnswerMemoryIsGivenBack however a call ends that got memory for its answer.
func TestAnswerMemoryIsGivenBack(t *testing.T) {
	s := &server.Server{BodyMemory: 32 << 20}
	api, _ := large(s)
	running := start(t, api, s)
	ask := func(how string) answer {
		c := running.dial()
		c.send(post("/api/v0/large/read", `{"end":"`+how+`"}`))
		got, _ := c.tryReceive("POST")
		return got
	}
	ask("") // from then on, memory is reserved for a call
	for how, status := range map[string]int{"panic": 500, "goexit": 0 /* closed */, "error": 409, "small": 200, "": 200} {
		if got := ask(how); got.status != status {
			t.Errorf("%q: got %.200v, want %d", how, got, status)
		}
		until(t, how+": the memory is given back", func() bool { return s.Stats().BodyMemory == 0 })
	}
	c := running.dial()
	c.send("POST /api/v0/large/read HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
	const goOn = "HTTP/1.1 100 Continue\r\n\r\n"
	if _, err := c.in.Peek(len(goOn)); err != nil {
		t.Fatal(err)
	}
	_, _ = c.in.Discard(len(goOn))
	if got := s.Stats().BodyMemory; got != 0 {
		t.Errorf("a call that waits for its body has %d bytes for its answer", got)
	}
	c.send("{}")
	c.wantLarge()
	until(t, "the memory is given back", func() bool { return s.Stats().BodyMemory == 0 })

	ask("")
	for expected := 2 * answerSize; ; expected /= 2 { // what is small is expected to be so, by and by
		until(t, "the memory of the answer before is given back", func() bool { return s.Stats().BodyMemory == 0 })
		want := expected
		if want <= 2*server.LargeAnswer {
			want = 0
		}
		var got int
		if _, err := fmt.Sscanf(ask("small").body, `{"memory":%d}`, &got); err != nil || got > want*9/8 || got < want {
			t.Fatalf("%d bytes are reserved (%v), want %d", got, err, want)
		}
		if want == 0 {
			break
		}
	}
}

// TestAnswerLargerThanAllMemory is sent where nobody else has memory for an answer.
func TestAnswerLargerThanAllMemory(t *testing.T) {
	s := &server.Server{BodyMemory: 1 << 20}
	api, _ := large(s)
	running := start(t, api, s)
	for range 3 {
		slow, status := running.askLarge(ways["json"])
		if status != "200" {
			t.Fatalf("got %s, want 200", status)
		}
		if got := s.Stats().BodyMemory; got < 2*answerSize {
			t.Errorf("the answer takes %d bytes, want %d", got, 2*answerSize)
		}
		second, _ := running.askLarge(ways["json"])
		wantOverloaded(t, second.receive("POST"))
		slow.wantLarge()
		until(t, "the memory is given back", func() bool { return s.Stats().BodyMemory == 0 })
	}
}
