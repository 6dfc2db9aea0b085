package apiphant

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// ended returns the error of a sequence that has returned. If the context of the call has
// ended, it is the context's: the function may have left out rows for that reason.
func (s *stream) ended(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return ended(ctx, s.err)
	}
	if err := s.call.context.Err(); err != nil {
		return toError(&s.call.context, err)
	}
	return nil
}

// close stops the timers: from now on only the pipeline writes. The stream may be nil.
func (s *stream) close() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over, s.closed = true, true
	s.forget()
	for _, timer := range []*time.Timer{s.pause, s.comment, s.grace} {
		if timer != nil {
			timer.Stop()
		}
	}
}

// hasStarted reports whether the answer has begun. The stream may be nil.
func (s *stream) hasStarted() bool {
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.started
}

// finish ends an answer that has all rows. One without rows has no body.
func (s *stream) finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.begin(); s.held.buffer.Len() == 0 {
		s.writer.WriteHeader(http.StatusOK) // of no effect where something was sent
		return
	}
	_, _ = s.writer.Write(s.held.buffer.Bytes()) // a client that has gone is no failure of the call
	s.held.buffer.Reset()
}

// abort ends an answer that has begun: it sends an error as the last line, and lets the
// client see that the answer is incomplete. A client that has gone is not written to.
func (s *stream) abort(status int, body []byte) {
	s.mu.Lock()
	if body != nil && status != statusClientGone {
		s.sayLast(body)
	}
	s.mu.Unlock()
	s.call.door.Abort()
}

// sayLast sends the rows that are held back, and an error after them.
func (s *stream) sayLast(body []byte) {
	if s.said || s.lost {
		return
	}
	s.said = true
	if s.events {
		s.held.buffer.WriteString("event: error\ndata: ")
	}
	s.held.buffer.Write(body)
	s.held.buffer.WriteByte('\n')
	if s.events {
		s.held.buffer.WriteByte('\n')
		if errors.Is(context.Cause(&s.call.context), ErrDraining) {
			s.held.buffer.WriteString("retry: 0\n\n") // the client finds another process
		}
	}
	s.send()
}

// end gives the memory of the stream back, and returns how many rows it has sent. The
// stream may be nil.
func (s *stream) end() (rows int64) {
	if s == nil {
		return 0
	}
	s.close()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held.release()
	s.held = nil
	return s.rows
}
