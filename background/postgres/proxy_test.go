//go:build unix

package postgres_test

import (
	"bytes"
	"context"
	"net"
	"net/url"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/engine"
	"github.com/apiphant/apiphant/background/worker"
	"github.com/apiphant/apiphant/internal/pgtest"
)

// full makes the scenarios as long as the project's figures are: APIPHANT_FAILOVER=1.
var full = os.Getenv("APIPHANT_FAILOVER") != ""

// cutting is a proxy in front of a database. It hands on a statement, and closes
// the connection in place of handing back the answer.
type cutting struct {
	to   string
	at   []byte // what is in the statement
	nth  int32  // which of these statements, from 1
	seen atomic.Int32
	cut  chan struct{} // closed when it was done
}

// cut returns the URL of a database through such a proxy.
func cut(t *testing.T, database, at string, nth int32) (through string, done <-chan struct{}) {
	t.Helper()
	parsed, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	c := &cutting{to: parsed.Host, at: []byte(at), nth: nth, cut: make(chan struct{})}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go c.serve(client)
		}
	}()
	parsed.Host = listener.Addr().String()
	// Without prepared statements, whose names would be all that the proxy sees.
	return parsed.String() + "&default_query_exec_mode=exec", c.cut
}

func (c *cutting) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", c.to)
	if err != nil {
		return
	}
	defer server.Close()
	var cutting atomic.Bool
	var group sync.WaitGroup
	group.Go(func() { // answers
		defer server.Close() // after the answer that is not handed back
		defer client.Close()
		buffer := make([]byte, 64<<10)
		for {
			n, err := server.Read(buffer)
			if err != nil || cutting.Load() {
				return
			}
			if _, err := client.Write(buffer[:n]); err != nil {
				return
			}
		}
	})
	buffer := make([]byte, 64<<10)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			break
		}
		if bytes.Contains(buffer[:n], c.at) && c.seen.Add(1) == c.nth {
			cutting.Store(true)
			close(c.cut)
		}
		if _, err := server.Write(buffer[:n]); err != nil {
			break
		}
	}
	if !cutting.Load() {
		server.Close()
	}
	group.Wait()
}

// TestLostAnswers tests, for each statement of a worker, that no job and no tick
// is lost where the statement is executed and its answer lost.
func TestLostAnswers(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	for _, test := range []struct {
		name, statement string
		nth             int32
		slow            bool // takes as long as it takes to be sure
	}{
		{"a worker's first row", "INSERT INTO apiphant_worker", 1, false},
		{"the registration of a task", "INSERT INTO apiphant_task", 1, false},
		{"the state of tasks", "FROM apiphant_task", 3, false},
		{"the claim of a tick", "UPDATE apiphant_task AS t SET tries", 3, false},
		{"the release of a task", "UPDATE apiphant_task SET worker", 3, false},
		{"a heartbeat", "UPDATE apiphant_worker SET beat", 2, false},
		{"the end of a job", "JobSetStateIfRunningMany", 1, false},
		{"an election", "LeaderAttemptElect", 1, true},
		{"the commit of an election", "commit", 2, true},
		{"a re-election", "LeaderAttemptReelect", 1, true},
		{"a fetch of jobs", "JobGetAvailable", 2, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if test.slow && !full {
				t.Skip("slow: APIPHANT_FAILOVER=1 runs it")
			}
			const count = 20
			ticks, ran := make(chan time.Time, 10_000), make(chan int, 10_000)
			job := background.NewJob("job", func(_ context.Context, n int) error { ran <- n; return nil })
			job.Attempts = 1
			delayed := *job
			if test.slow {
				delayed.Delay = 2 * time.Second // which needs a worker that leads
			}
			tasks := []background.Task{{Name: "task", Every: 100 * time.Millisecond, EveryTick: true, Run: func(ctx context.Context) error {
				ticks <- background.Tick(ctx)
				return nil
			}}}
			database := pgtest.NewDatabase(t)
			_, direct := open(t, product(nil, job), database)
			through, cut := cut(t, database, test.statement, test.nth)
			p := product(tasks, job)
			_, opened := open(t, p, through)
			defer start(t, worker.Worker{Product: p, Database: opened})()
			ctx := engine.WithQueue(t.Context(), direct)
			enqueue := func(from int) {
				for n := range count {
					if err := job.Enqueue(ctx, from+n); err != nil {
						t.Fatal(err)
					}
				}
			}
			enqueue(0)
			if err := delayed.Enqueue(ctx, -1); err != nil {
				t.Fatal(err)
			}
			timeout := time.After(100 * time.Second)
			select {
			case <-cut:
			case <-timeout:
				t.Fatal("there was no such statement")
			}
			enqueue(count)
			done := map[int]bool{}
			for len(done) < 2*count+1 {
				select {
				case n := <-ran:
					done[n] = true
				case <-timeout:
					t.Fatalf("%d of %d jobs are done", len(done), 2*count+1)
				}
			}
			var taken []time.Time
			for range 20 {
				select {
				case tick := <-ticks:
					taken = append(taken, tick)
				case <-timeout:
					t.Fatalf("the task stands still after %v", taken)
				}
			}
			taken = slices.CompactFunc(taken, time.Time.Equal) // one whose end was not recorded may be repeated
			for i := 1; i < len(taken); i++ {
				if gap := taken[i].Sub(taken[i-1]); gap != 100*time.Millisecond {
					t.Errorf("between ticks %d and %d are %s", i-1, i, gap)
				}
			}
		})
	}
}
