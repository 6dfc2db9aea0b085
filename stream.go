package apiphant

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"time"
)

const (
	// streamBatch is how many bytes of rows are held back at most.
	streamBatch = 8 << 10

	// streamPause is how long rows are held back at most, in which time further
	// rows are collected, so that fast rows share their writes.
	streamPause = 10 * time.Millisecond

	// commentPause is how long an event stream may be silent before a comment is
	// sent, so that proxies keep the connection open.
	commentPause = 15 * time.Second

	// drainGrace is how long rows are still sent after a function was told that its
	// server drains.
	drainGrace = time.Second

	// maxRefusals is how often a function may call yield after that has returned
	// false. Functions with several goroutines have some calls under way then.
	maxRefusals = 1000
)

var (
	// errStreamedTwice is returned where a middleware calls a function again after its
	// rows were sent.
	errStreamedTwice = errors.New("the function is called again after some of its rows were sent")

	errNoSequence = errors.New("the function returned no sequence: the iter.Seq2 is nil")
)

// stream is the answer of a call whose function returns a sequence of rows. It writes the
// rows to the door's ResponseWriter. A row that comes after a pause is sent at once;
// others are collected for at most streamPause.
//
// Three kinds of goroutines use a stream at the same time: the function's (this file),
// the timers' and the one that learns of the context's end (streamtimer.go). mu guards
// what they share. streamend.go has what follows the function's return.
type stream struct {
	call   *Call
	writer http.ResponseWriter
	events bool // the form is text/event-stream, else application/jsonl
	isHead bool // the request is a HEAD: the answer has no rows

	mu       sync.Mutex
	held     *answer // the rows that are not sent yet
	rows     int64
	refusals int       // how often yield was called after it had returned false
	started  bool      // the answer has begun
	resting  bool      // the timer pause runs: rows are held back
	over     bool      // yield returns false
	said     bool      // the last word was sent
	closed   bool      // only the pipeline may write any more
	lost     bool      // the client can't be written to
	err      error     // with which the function or a row failed
	sent     time.Time // when something was sent last; events only

	pause   *time.Timer
	comment *time.Timer // nil: there are no comments, as in the answer to a HEAD, or in JSON lines
	grace   *time.Timer // nil: the server does not drain
	forget  func() bool // ends the wait for the end of the context
}

// openStream begins the answer of a function that returns a sequence. Nothing is
// sent before the first row. A middleware may call the function again where it has
// failed before that.
func (c *Call) openStream() (*stream, error) {
	if c.stream.hasStarted() {
		return nil, errStreamedTwice
	}
	c.stream.end()
	s := &stream{
		call:   c,
		writer: c.door.ResponseWriter(),
		events: prefersEvents(c.door.Header("Accept")),
		isHead: c.door.Method() == http.MethodHead,
		held:   newAnswer(),
	}
	c.stream = s
	c.context.lastEvent = c.door.Header("Last-Event-Id")
	s.mu.Lock() // the timers may run before they are all set
	defer s.mu.Unlock()
	s.pause = time.AfterFunc(time.Hour, s.sendHeld)
	s.pause.Stop()
	if s.events && !s.isHead {
		s.sent = time.Now()
		s.comment = time.AfterFunc(commentPause, s.sendComment)
	}
	s.forget = context.AfterFunc(&c.context, s.contextEnded)
	return s, nil
}

// yieldTo returns the function that a sequence gives its rows to. It returns false
// where no row can be sent any more.
func yieldTo[R any](s *stream, rows *encoder[R]) func(R, error) bool {
	room := new(R) // the encoder needs a pointer, and one for each row would be an allocation
	return func(row R, err error) bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		switch {
		case !s.takes():
			return false
		case err != nil:
			return s.fail(err)
		case s.isHead: // the answer has no rows, and its headers are known
			s.over = true
			return false
		}
		*room = row
		if err := addRow(s, rows, room); err != nil {
			return s.fail(err)
		}
		return s.release()
	}
}

// addRow adds a row to those that are held back.
func addRow[R any](s *stream, rows *encoder[R], row *R) error {
	start := s.held.buffer.Len()
	if s.events {
		if err := addEventID(&s.held.buffer, rows.eventID(row)); err != nil {
			return err
		}
		s.held.buffer.WriteString("data: ")
	}
	if err := rows.add(s.held, row); err != nil {
		s.held.buffer.Truncate(start)
		return err
	}
	if s.events {
		s.held.buffer.WriteByte('\n') // the empty line ends an event
	}
	s.rows++
	return nil
}

// takes reports whether a row can be sent. It ends a function that ignores that yield has
// returned false maxRefusals times, which would otherwise run for ever.
func (s *stream) takes() bool {
	if !s.over {
		return true
	}
	if s.refusals++; s.refusals > maxRefusals {
		if s.refusals <= 2*maxRefusals && calledByServe() {
			panic("yield is called again and again, though it has returned false")
		}
		runtime.Goexit() // a panic could end the process, or was recovered from
	}
	return false
}

// calledByServe reports whether the goroutine is the one of [API.Serve], which
// recovers from panics, and not one that the function has started.
func calledByServe() bool {
	callers := make([]uintptr, 64)
	for skip := 1; ; skip += len(callers) {
		callers = callers[:runtime.Callers(skip, callers)]
		if len(callers) == 0 {
			return false
		}
		frames := runtime.CallersFrames(callers)
		for frame, more := frames.Next(); ; frame, more = frames.Next() {
			if strings.HasSuffix(frame.Function, "apiphant.(*API).Serve") {
				return true
			}
			if !more {
				break
			}
		}
	}
}

// fail ends the rows with an error, which is answered when the function returns.
func (s *stream) fail(err error) bool {
	s.over, s.err = true, err
	return false
}

// release sends the rows that are held back, unless more are waited for, and reports
// whether further ones can be sent.
func (s *stream) release() bool {
	switch {
	case !s.started && s.call.context.Err() != nil: // it is too late for a first row
		s.held.buffer.Reset()
		s.rows, s.over = 0, true
	case !s.resting:
		s.send()
		s.resting = true
		s.pause.Reset(streamPause)
	case s.held.buffer.Len() >= streamBatch:
		s.send()
	}
	return !s.over
}

// send sends what is held back.
func (s *stream) send() {
	s.begin()
	if _, err := s.writer.Write(s.held.buffer.Bytes()); err != nil {
		s.lose()
	} else if err := http.NewResponseController(s.writer).Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		s.lose()
	}
	s.held.buffer.Reset()
	if s.events {
		s.sent = time.Now()
	}
}

// lose ends the rows, since the client can't be written to.
func (s *stream) lose() {
	s.over, s.lost = true, true
	s.call.context.loseClient()
}

// begin begins the answer.
func (s *stream) begin() {
	if s.started {
		return
	}
	s.started = true
	s.call.context.begun()
	header := s.writer.Header()
	header.Set("Content-Type", "application/jsonl")
	if s.events {
		header.Set("Content-Type", eventStream)
	}
	header.Set("Vary", "Accept")
	header.Set("X-Accel-Buffering", "no") // nginx would collect rows
}
