package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/apiphant/apiphant/bench/internal/openloop"
	"github.com/apiphant/apiphant/bench/message"
)

// crowd is what clients that connect at the same time get.
type crowd struct {
	Part, Row       string
	Connections     int
	Connected       time.Duration // the median of the time until the connection was there
	First, FirstP99 time.Duration // of the time until the first answer, from the beginning of all
	P99             time.Duration // of the next answers
	Resident        int64         // bytes, with all connected
	Lost            int           // connections that failed, or were closed
}

// crowdAsks is how many requests each client makes.
const crowdAsks = 5

// crowdTimeout is how long a client waits for each step.
const crowdTimeout = 60 * time.Second

// runCrowd lets 17,000 clients connect at once, each of which asks as soon as it can:
// on few cores, many are busy for seconds before their first byte.
func runCrowd(ctx context.Context, l *lab, r *results, name string) {
	connections := pick(l, 17_000, 1700)
	for _, p := range []peer{typed, limit, nethttp} {
		c := crowd{Part: name, Row: p.name, Connections: connections}
		err := needDescriptors(connections)
		if err == nil {
			err = c.measure(ctx, l, p)
		}
		l.stopAll()
		if err != nil {
			r.Missing = append(r.Missing, missing{name, p.name, err.Error()})
			l.say("  %s: %v", p.name, err)
			continue
		}
		r.Crowds = append(r.Crowds, c)
		l.say("  %s: first answer %s, p99 %s, then %s; %.0f MB, %d lost", p.name, span(c.First), span(c.FirstP99), span(c.P99), float64(c.Resident)/1e6, c.Lost)
	}
}

// needDescriptors returns an error where this process, or a server that it starts,
// can't have so many connections: apiphant takes nine tenths of the descriptors.
func needDescriptors(connections int) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	if need := uint64(connections)*10/9 + 100; limit.Cur < need {
		return fmt.Errorf("%d connections need %d descriptors, and the limit is %d: raise it with ulimit -n", connections, need, limit.Cur)
	}
	return nil
}

// visitor is one client of the crowd.
type visitor struct {
	conn             net.Conn
	connected, first time.Duration
	next             []time.Duration
	err              error
}

func (c *crowd) measure(ctx context.Context, l *lab, p peer) error {
	s, err := l.serve(ctx, p, l.serverCore)
	if err != nil {
		return err
	}
	visitors := make([]visitor, c.Connections)
	var visits, here sync.WaitGroup
	begin, leave := make(chan struct{}), make(chan struct{})
	here.Add(len(visitors))
	for i := range visitors {
		visits.Go(func() {
			v := &visitors[i]
			<-begin
			v.visit(s)
			here.Done()
			<-leave
			if v.conn != nil {
				v.conn.Close()
			}
		})
	}
	close(begin)
	here.Wait()
	c.Resident, err = s.resident()
	close(leave)
	visits.Wait()
	c.sum(visitors)
	return err
}

// visit connects and asks.
func (v *visitor) visit(s *server) {
	began := time.Now()
	if v.conn, v.err = net.DialTimeout("tcp", s.address, crowdTimeout); v.err != nil {
		return
	}
	v.connected = time.Since(began)
	in, request := bufio.NewReaderSize(v.conn, 512), rawRequest(s.path(), message.Small())
	for i := range crowdAsks {
		asked := time.Now()
		_ = v.conn.SetDeadline(asked.Add(crowdTimeout))
		if v.err = exchange(v.conn, in, request); v.err != nil {
			return
		}
		if i == 0 {
			v.first = time.Since(began)
		} else {
			v.next = append(v.next, time.Since(asked))
		}
	}
}

func exchange(out io.Writer, in *bufio.Reader, request string) error {
	if _, err := io.WriteString(out, request); err != nil {
		return err
	}
	answer, err := http.ReadResponse(in, nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("answered %s", answer.Status)
	}
	return nil
}

func (c *crowd) sum(visitors []visitor) {
	var connected, first, next []time.Duration
	for i := range visitors {
		v := &visitors[i]
		next = append(next, v.next...)
		if v.err != nil {
			c.Lost++
			continue
		}
		connected, first = append(connected, v.connected), append(first, v.first)
	}
	for _, times := range [][]time.Duration{connected, first, next} {
		slices.Sort(times)
	}
	c.Connected = openloop.Quantile(connected, 0.5)
	c.First, c.FirstP99 = openloop.Quantile(first, 0.5), openloop.Quantile(first, 0.99)
	c.P99 = openloop.Quantile(next, 0.99)
}
