package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/apiphant/apiphant/bench/message"
)

// runIdle measures connections that have made one request each and stay open.
func runIdle(ctx context.Context, l *lab, r *results, name string) {
	for _, p := range peers {
		if !p.all {
			l.idle(ctx, r, name, p)
		}
	}
	l.idle(ctx, r, name, lowMemory)
}

// idle measures a second after the last answer.
func (l *lab) idle(ctx context.Context, r *results, part string, p peer) {
	i, err := l.measureIdle(ctx, p, pick(l, 10_000, 1000))
	l.stopAll()
	if err != nil {
		r.Missing = append(r.Missing, missing{part, p.name + ", idle", err.Error()})
		l.say("  %s, idle: %v", p.name, err)
		return
	}
	i.Part = part
	r.Idles = append(r.Idles, i)
	l.say("  %s, %d idle connections: %.1f KB each", p.name, i.Connections, i.Grown/1000)
}

func (l *lab) measureIdle(ctx context.Context, p peer, connections int) (i idle, err error) {
	s, err := l.serve(ctx, p, l.serverCore)
	if err != nil {
		return i, err
	}
	before, err := s.resident()
	if err != nil {
		return i, err
	}
	opened, err := s.open(connections)
	defer func() {
		for _, c := range opened {
			c.Close()
		}
	}()
	if err != nil {
		return i, err
	}
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return i, ctx.Err()
	}
	after, err := s.resident()
	n := float64(connections)
	return idle{Row: p.name, Connections: connections, Grown: float64(after-before) / n, Whole: float64(after) / n}, err
}

// open opens connections, 64 at a time, and makes one request on each.
func (s *server) open(connections int) (opened []net.Conn, err error) {
	opened = make([]net.Conn, connections)
	errs := make([]error, someConnections)
	var dialing sync.WaitGroup
	for first := range someConnections {
		dialing.Go(func() {
			for i := first; i < connections && errs[first] == nil; i += someConnections {
				opened[i], errs[first] = s.ask()
			}
		})
	}
	dialing.Wait()
	kept := opened[:0]
	for _, c := range opened {
		if c != nil {
			kept = append(kept, c)
		}
	}
	for _, e := range errs {
		if e != nil {
			err = e
		}
	}
	return kept, err
}

// ask opens a connection and makes one request.
func (s *server) ask() (net.Conn, error) {
	const timeout = 10 * time.Second
	c, err := net.DialTimeout("tcp", s.address, timeout)
	if err != nil {
		return nil, err
	}
	_ = c.SetDeadline(time.Now().Add(timeout))
	if _, err := io.WriteString(c, rawRequest(s.path(), message.Small())); err != nil {
		return c, err
	}
	answer, err := http.ReadResponse(bufio.NewReaderSize(c, 1024), nil)
	if err != nil {
		return c, err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return c, err
	}
	if answer.StatusCode != http.StatusOK || answer.Close {
		return c, fmt.Errorf("answered %s, closes %t", answer.Status, answer.Close)
	}
	return c, nil
}

// rawRequest returns the bytes of a request.
func rawRequest(path, body string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", path, len(body), body)
}
