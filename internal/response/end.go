package response

import (
	"fmt"
	"net/http"
)

// Started reports whether some of the answer may have been sent.
func (w *Writer) Started() bool { return w.started.Load() }

// Written returns how many bytes of body the function wrote.
func (w *Writer) Written() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.written
}

// BeforeStart calls f if the answer has not started; it does not start while f
// runs.
func (w *Writer) BeforeStart(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.body == nil && !w.hijacked {
		f()
	}
}

// ShortError is about an answer whose Content-Length promised more than the
// function wrote. It is never sent as if it were whole.
type ShortError struct{ Declared, Written int64 }

func (e *ShortError) Error() string {
	return fmt.Sprintf("the answer declared a Content-Length of %d, and %d bytes were written", e.Declared, e.Written)
}

// Finish ends the answer as it stands, when the function has returned. Where it
// is shorter than declared, the error is a [*ShortError]: what was started is
// broken off, and of what was not started nothing is sent. Finish has no effect
// after Replace, Abort or another Finish.
func (w *Writer) Finish() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return nil
	}
	w.ended = true
	if w.hijacked {
		return nil
	}
	w.writeHeader(http.StatusOK)
	whole := w.length <= w.written || !w.hasBody()
	switch {
	case w.body != nil:
		w.output.End(w.send() == nil && whole)
	case whole:
		w.sendWhole()
	}
	if !whole {
		return &ShortError{w.length, w.written}
	}
	return nil
}

func (w *Writer) sendWhole() {
	w.detect(nil)
	head := Head{w.status, w.sent, int64(len(w.buffer))}
	switch {
	case !HasBody(w.status):
		head.Length = 0
	case w.isHead && w.length < 0 && w.written == 0:
		head.Length = -1 // the function may write what a GET is answered with, and not for a HEAD
	case w.isHead:
		head.Length = max(w.length, w.written)
	}
	if !w.hasBody() {
		w.output.Send(head, nil)
		return
	}
	w.output.Send(head, w.buffer)
}

// Replace forgets what was written, for another answer in its place, and
// reports whether that is still possible. From then on the Writer is of no use.
func (w *Writer) Replace() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.body != nil || w.hijacked {
		return false
	}
	w.ended = true
	return true
}

// Abort ends an answer that is not whole: what was started is broken off, of what was
// not started nothing is sent, and a hijacked connection is closed. It reports whether
// it was Abort that ended the answer.
func (w *Writer) Abort() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return false
	}
	w.ended = true
	if w.body != nil || w.hijacked {
		w.output.End(false)
	}
	return true
}
