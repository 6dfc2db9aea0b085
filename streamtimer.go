package apiphant

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// inTime runs what a timer does, in the timer's goroutine, unless the stream has
// ended. A panic of the door ends the rows.
func (s *stream) inTime(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() {
		if value := recover(); value != nil {
			s.lose()
		}
	}()
	if !s.closed && !s.lost {
		do()
	}
}

// sendHeld sends the rows that were held back for streamPause.
func (s *stream) sendHeld() {
	s.inTime(func() {
		if s.resting = s.held.buffer.Len() > 0; s.resting {
			s.send()
			s.pause.Reset(streamPause)
		}
	})
}

// sendComment sends a comment where nothing was sent for commentPause.
func (s *stream) sendComment() {
	s.inTime(func() {
		rest := commentPause - time.Since(s.sent)
		if rest <= 0 && !s.said {
			s.held.buffer.WriteString(": \n\n")
			s.send()
			rest = commentPause
		}
		s.comment.Reset(rest)
	})
}

// contextEnded ends the rows when the context of the call has ended, but gives
// the function some time where the server drains.
func (s *stream) contextEnded() {
	s.inTime(func() {
		if errors.Is(context.Cause(&s.call.context), ErrDraining) {
			s.grace = time.AfterFunc(drainGrace, s.endGrace)
			return
		}
		s.over = true
	})
}

// endGrace tells the client that there are no more rows. The function may still
// run.
func (s *stream) endGrace() {
	s.inTime(func() {
		s.over = true
		if !s.started {
			return
		}
		if body, err := (&Error{Status: http.StatusServiceUnavailable}).body(); err == nil {
			s.sayLast(body)
		}
	})
}
