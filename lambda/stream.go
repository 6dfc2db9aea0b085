package lambda

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/internal/response"
)

// Stream is an answer that Lambda reads while it is written. aws-lambda-go sends it so
// where a function returns one:
//
//	lambda.Start(handler.Stream) // of aws-lambda-go
//
// Its reader must close it, which also ends the call's context.
type Stream struct {
	io.Reader
	contentType string
	close       func()

	begun    chan []byte    // takes the head, when the function has begun its answer
	hasBegun bool           // it has
	pipe     *io.PipeWriter // takes the body
}

// ContentType returns the media type of what is read, for Lambda.
func (s *Stream) ContentType() string { return s.contentType }

// Close ends the call and waits for its function.
func (s *Stream) Close() error {
	s.close()
	return nil
}

// MarshalJSON returns an error: aws-lambda-go reads what is no JSON.
func (s *Stream) MarshalJSON() ([]byte, error) { return nil, errNoJSON }

var errNoJSON = errors.New("lambda: a stream is no JSON")

// Stream is Invoke for a function whose URL has the invoke mode RESPONSE_STREAM. Events
// of such a URL are answered in the form that this mode has, by functions that write
// their answers themselves while they write. An answer is not bounded then. Nothing in
// an event tells the mode: a deployment must choose between Stream and Invoke. Other
// events are answered as Invoke does.
func (h *Handler) Stream(ctx context.Context, payload json.RawMessage) (answer *Stream, err error) {
	event, k, err := parse(payload)
	if err == nil && k == gateway2 && strings.Contains(text(event.Context.DomainName), ".lambda-url.") && h.API != nil {
		err = guard(ctx, func() error { answer, err = h.stream(ctx, event, k); return err })
		return answer, err
	}
	whole, err := h.Invoke(ctx, payload)
	if err != nil {
		return nil, err
	}
	return &Stream{Reader: bytes.NewReader(whole), contentType: "application/json", close: func() {}}, nil
}

// stream answers a request of a function URL. It returns when the head of the answer is
// there.
func (h *Handler) stream(ctx context.Context, event *event, k kind) (*Stream, error) {
	ctx, cancel := h.context(ctx)
	ctx, leave := context.WithCancelCause(ctx)
	x, ctx, err := h.exchange(ctx, event, k)
	if err != nil {
		leave(nil)
		cancel()
		return nil, err
	}
	read, write := io.Pipe()
	ended := make(chan []byte, 1) // takes the whole answer, where that was not begun before
	x.stream = &Stream{
		contentType: "application/vnd.awslambda.http-integration-response", begun: make(chan []byte, 1), pipe: write,
		close: func() { leave(apiphant.ErrClientGone); read.Close(); <-ended },
	}
	go func() {
		defer close(ended)
		defer cancel()
		defer leave(nil)
		defer write.CloseWithError(errBroken) // unless it is closed
		_ = guard(ctx, func() error { h.serveStream(ctx, x, ended); return nil })
	}()
	var head []byte
	select {
	case head = <-x.stream.begun:
	case whole, ok := <-ended:
		if ok {
			x.stream.Reader = bytes.NewReader(whole)
			return x.stream, nil
		}
		select { // it may have begun and ended meanwhile
		case head = <-x.stream.begun:
		default:
			return nil, errBroken
		}
	}
	x.stream.Reader = io.MultiReader(bytes.NewReader(head), read)
	return x.stream, nil
}

// errBroken is the error of an answer that is not whole.
var errBroken = errors.New("the answer was broken off")

// serveStream calls the function. It sends the whole answer to whole, unless that was
// begun before.
func (h *Handler) serveStream(ctx context.Context, x *exchange, whole chan<- []byte) {
	if h.call(ctx, x) != nil {
		x.aborted = true
	}
	switch {
	case !x.stream.hasBegun:
		answer := &x.answer
		if x.aborted {
			answer = h.noAnswer(ctx, x)
		}
		h.logAccess(x, answer.status, int64(len(answer.body)))
		if x.method != http.MethodHead && response.HasBody(cmp.Or(answer.status, http.StatusOK)) {
			answer.setLength(int64(len(answer.body)))
		}
		whole <- append(answer.head(), answer.body...)
	case x.aborted:
		h.logAccess(x, 0, x.raw.Written())
	default:
		h.logAccess(x, x.answer.status, x.raw.Written())
		x.stream.pipe.Close()
	}
}

// begin takes the head of an answer whose body follows.
func (s *Stream) begin(a *answer) {
	s.hasBegun = true
	s.begun <- a.head()
}

// streamed is the body of an answer that is streamed. Write returns when Lambda has read
// what it was given.
type streamed struct{ *io.PipeWriter }

func (streamed) Flush() error { return nil }

// head returns what precedes the body of an answer that is streamed: the head, and eight
// zero bytes.
func (a *answer) head() []byte {
	a.status = cmp.Or(a.status, http.StatusOK)
	to := strconv.AppendInt([]byte(`{"statusCode":`), int64(a.status), 10)
	to = a.appendJoined(to)
	return append(to, "}\x00\x00\x00\x00\x00\x00\x00\x00"...)
}
