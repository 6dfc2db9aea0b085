// Package openloop sends requests to a server at a fixed rate, whether the server keeps
// up or not, and measures each from the time at which it was due.
//
// A client that waits for an answer before its next request omits, while a server
// stalls, just those requests that would have waited (Gil Tene's coordinated
// omission). Here each request has its time in a schedule; if no connection is free,
// it waits, and that wait counts.
package openloop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// Load describes an open load.
type Load struct {
	Address     string // 127.0.0.1:PORT
	Request     string // the bytes of the request; its answer must have a Content-Length or be chunked
	Connections int
	Rate        float64                    // requests a second
	Adjust      func(rate float64) float64 // returns the next rate, every AdjustEvery; nil: the rate is fixed
	AdjustEvery time.Duration
	Duration    time.Duration // of the schedule
	Grace       time.Duration // for answers after the end of the schedule; 0: 5 s
	Core        int           // the core that the load runs on; it polls and never sleeps
}

// Result has the times of all requests. A request without an answer counts with the
// time for which it was waited for.
type Result struct {
	Took       []time.Duration // sorted, of each that was due
	Unanswered int
	Rate       float64         // requests a second, on average
	Late       []time.Duration // sorted: by how much requests were sent too late though a connection was free, which is this load's own fault
}

// Quantile is the time that the part p of them were not above.
func Quantile(sorted []time.Duration, p float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(p*float64(len(sorted))), len(sorted)-1)]
}

// client is one connection.
type client struct {
	fd   int
	due  time.Duration // of the request that is under way; from the start
	free time.Duration // since when it had none
	busy bool
	in   []byte
}

type running struct {
	Load
	poll    int
	clients []client
	idle    []*client
	began   time.Time
	next    time.Duration   // when the next request is due
	adjust  time.Duration   // when the rate is next adjusted
	due     []time.Duration // what was due, and is not sent
	busy    int             // how many clients are
	result  Result
}

// Run asks until the schedule or ctx ends. It fails where a connection does, or an
// answer is other than 200.
func (l Load) Run(ctx context.Context) (Result, error) {
	if l.Grace == 0 {
		l.Grace = 5 * time.Second
	}
	total := int(l.Rate * l.Duration.Seconds())
	r := &running{Load: l, adjust: l.AdjustEvery, result: Result{Took: make([]time.Duration, 0, total), Late: make([]time.Duration, 0, total)}}
	ended := make(chan error)
	go func() {
		runtime.LockOSThread() // and not unlocked: the thread ends with its core
		var set unix.CPUSet
		set.Set(l.Core)
		if err := unix.SchedSetaffinity(0, &set); err != nil {
			ended <- err
			return
		}
		defer r.hangUp()
		err := r.connect()
		if err == nil {
			err = r.loop(ctx)
		}
		ended <- err
	}()
	err := <-ended
	r.result.Rate = float64(len(r.result.Took)) / l.Duration.Seconds()
	slices.Sort(r.result.Took)
	slices.Sort(r.result.Late)
	return r.result, err
}

// connect opens all connections before the schedule begins.
func (r *running) connect() (err error) {
	address, err := netip.ParseAddrPort(r.Address)
	if err != nil {
		return err
	}
	if r.poll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return err
	}
	r.clients = make([]client, 0, r.Connections)
	for i := range r.Connections {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		r.clients = append(r.clients, client{fd: fd, in: make([]byte, 0, 64<<10)})
		if err := unix.Connect(fd, &unix.SockaddrInet4{Port: int(address.Port()), Addr: address.Addr().As4()}); err != nil {
			return fmt.Errorf("connecting: %w", err)
		}
		if err := errors.Join(unix.SetNonblock(fd, true), unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)); err != nil {
			return err
		}
		if err := unix.EpollCtl(r.poll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)}); err != nil {
			return err
		}
		r.idle = append(r.idle, &r.clients[i])
	}
	return nil
}

func (r *running) hangUp() {
	for _, c := range r.clients {
		unix.Close(c.fd)
	}
	unix.Close(r.poll)
}

// loop keeps to the schedule: it looks at the time and at the connections in turn,
// and never waits for one of them.
func (r *running) loop(ctx context.Context) error {
	request, events := []byte(r.Request), make([]unix.EpollEvent, 256)
	r.began = time.Now()
	for r.next < r.Duration || len(r.due) > 0 || r.busy > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		now := time.Since(r.began)
		r.schedule(now)
		if now > r.Duration+r.Grace {
			r.giveUp(now)
			return nil
		}
		for len(r.idle) > 0 && len(r.due) > 0 {
			if err := r.send(request); err != nil {
				return err
			}
		}
		n, err := unix.EpollWait(r.poll, events, 0)
		if err != nil && err != unix.EINTR {
			return err
		}
		for _, event := range events[:max(n, 0)] {
			if err := r.receive(&r.clients[event.Fd]); err != nil {
				return err
			}
		}
	}
	return nil
}

// schedule notes what is due by now.
func (r *running) schedule(now time.Duration) {
	for r.next <= now && r.next < r.Duration {
		if r.Adjust != nil && r.next >= r.adjust {
			r.Rate = r.Adjust(r.Rate)
			r.adjust = now + r.AdjustEvery
		}
		r.due = append(r.due, r.next)
		r.next += time.Duration(float64(time.Second) / r.Rate)
	}
}

// send sends the request that is due for the longest on the connection that has
// been free for the longest.
func (r *running) send(request []byte) error {
	c := shift(&r.idle)
	c.due, c.busy = shift(&r.due), true
	r.busy++
	r.result.Late = append(r.result.Late, time.Since(r.began)-max(c.due, c.free))
	n, err := unix.Write(c.fd, request)
	if err == nil && n < len(request) {
		err = fmt.Errorf("%d of %d bytes: it is too large for this load", n, len(request))
	}
	if err != nil {
		return fmt.Errorf("sending: %w", err)
	}
	return nil
}

func shift[T any](queue *[]T) T {
	first := (*queue)[0]
	*queue = (*queue)[1:]
	return first
}

// receive reads what has come of an answer.
func (r *running) receive(c *client) error {
	n, err := unix.Read(c.fd, c.in[len(c.in):cap(c.in)])
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return nil
	case err != nil:
		return fmt.Errorf("receiving: %w", err)
	case n == 0:
		return errors.New("the server has closed a connection, or its answer is too large for this load")
	}
	c.in = c.in[:len(c.in)+n]
	whole, err := isWhole(c.in)
	if err != nil || !whole {
		return err
	}
	if !c.busy {
		return errors.New("an answer that nothing was asked for")
	}
	c.free = time.Since(r.began)
	r.result.Took = append(r.result.Took, c.free-c.due)
	c.busy, c.in = false, c.in[:0]
	r.busy--
	r.idle = append(r.idle, c)
	return nil
}

// giveUp counts what has had no answer, sent or not.
func (r *running) giveUp(now time.Duration) {
	unanswered := r.due
	for _, c := range r.clients {
		if c.busy {
			unanswered = append(unanswered, c.due)
		}
	}
	for _, due := range unanswered {
		r.result.Took = append(r.result.Took, now-due)
	}
	r.result.Unanswered = len(unanswered)
}

// isWhole reports whether an answer is complete.
func isWhole(in []byte) (bool, error) {
	head, body, found := bytes.Cut(in, []byte("\r\n\r\n"))
	if !found {
		return false, nil
	}
	if !bytes.HasPrefix(head, []byte("HTTP/1.1 200 ")) {
		return false, fmt.Errorf("answered %.300q", in)
	}
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			size, err := strconv.Atoi(string(bytes.TrimSpace(value)))
			if err == nil && len(body) > size {
				err = errors.New("more came than its Content-Length")
			}
			return len(body) == size, err
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			return bytes.HasSuffix(body, []byte("0\r\n\r\n")), nil
		}
	}
	return false, fmt.Errorf("an answer without a length: %.300q", in)
}
