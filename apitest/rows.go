package apitest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime"
	"net/http"
	"time"
)

// Row is one row of a stream.
type Row struct {
	JSON []byte // an object
	ID   string // of an event; "": none
}

// Decode fills what v points to from the row's JSON, as encoding/json does.
func (r Row) Decode(v any) error { return json.Unmarshal(r.JSON, v) }

// StreamError is a failure of a function that streams. Where no row came, the answer is
// an ordinary one. After rows its status is 200, and the body is the last that came: the
// object that says what failed.
type StreamError struct{ *Response }

// Error returns the exchange.
func (e *StreamError) Error() string { return e.exchange }

// Rows sends a request to a function that returns a sequence, and gives its rows as they
// come. The error ends them: a [*StreamError], or why there is no whole answer.
//
//	for row, err := range server.Rows("items", "read", apiphant.Object{"limit": 10}) {
//		if err != nil {
//			t.Fatal(err)
//		}
//		…
//	}
//
// A test that leaves the loop is, for the function, a client that has gone away. Each row
// may take 30 seconds to come and have 64 MiB. If the Accept in [Client.Header] asks for text/event-stream,
// the rows are read from events.
func (c Client) Rows(target, action string, request any) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		ctx, cancel := context.WithCancelCause(context.Background())
		defer cancel(nil)
		silence := time.AfterFunc(timeout, func() { cancel(fmt.Errorf("nothing came for %s", timeout)) })
		defer silence.Stop()
		answer, exchange, err := c.send(ctx, c.route(target, action, request))
		if err != nil {
			yield(Row{}, err)
			return
		}
		defer answer.Body.Close()
		rows := rowReader{answer: answer, exchange: exchange, lines: bufio.NewReader(answer.Body)}
		for {
			silence.Reset(timeout)
			row, err := rows.next()
			if cause := context.Cause(ctx); err != nil && cause != nil {
				err = fmt.Errorf("%s, and then: %w", exchange, cause)
			}
			if err == io.EOF || !yield(row, err) || err != nil {
				return
			}
		}
	}
}

// rowReader reads the rows of an answer.
type rowReader struct {
	answer   *http.Response
	exchange string
	lines    *bufio.Reader
	held     []byte // a line that is an error if it is the last and the answer is broken off
}

// next returns the next row, or io.EOF after the last.
func (r *rowReader) next() (Row, error) {
	form, _, _ := mime.ParseMediaType(r.answer.Header.Get("Content-Type"))
	switch {
	case r.answer.StatusCode == http.StatusOK && form == "application/jsonl":
		return r.nextLine()
	case r.answer.StatusCode == http.StatusOK && form == "text/event-stream":
		return r.nextEvent()
	}
	body, err := io.ReadAll(io.LimitReader(r.lines, maxAnswer))
	if err != nil {
		return Row{}, fmt.Errorf("%s, and then no whole answer: %w", r.exchange, err)
	}
	return Row{}, r.failed(body)
}

// failed returns the error for a body that says what failed.
func (r *rowReader) failed(body []byte) error {
	return &StreamError{&Response{Status: r.answer.StatusCode, Header: r.answer.Header, Body: body, exchange: r.exchange + spaced(string(body))}}
}

func (r *rowReader) nextLine() (Row, error) {
	line := r.held
	r.held = nil
	if line == nil {
		var err error
		if line, err = r.line(); err != nil {
			return Row{}, r.end(err)
		}
	}
	if !bytes.HasPrefix(line, []byte(`{"error":`)) {
		return Row{JSON: line}, nil
	}
	next, err := r.line()
	switch {
	case err == nil:
		r.held = next
	case err != io.EOF:
		return Row{}, r.failed(line)
	}
	return Row{JSON: line}, nil
}

func (r *rowReader) nextEvent() (Row, error) {
	var row Row
	failed := false
	for {
		line, err := r.line()
		if err != nil {
			return Row{}, r.end(err)
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(name) {
		case "data":
			row.JSON = value
		case "id":
			row.ID = string(value)
		case "event":
			failed = string(value) == "error"
		}
		switch {
		case len(line) > 0 || row.JSON == nil: // within an event, or after a comment
		case failed:
			return Row{}, r.failed(row.JSON)
		default:
			return row, nil
		}
	}
}

// line returns the next line, without its end.
func (r *rowReader) line() ([]byte, error) {
	var line []byte
	for {
		part, err := r.lines.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case err == nil:
			return line[:len(line)-1], nil
		case len(line) > maxAnswer:
			return nil, fmt.Errorf("a row has more than %d MiB", maxAnswer>>20)
		case err == io.EOF && len(line) > 0:
			return nil, io.ErrUnexpectedEOF
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}

// end returns the error for the end of an answer.
func (r *rowReader) end(err error) error {
	if err == io.EOF {
		return err
	}
	return fmt.Errorf("%s, and then no whole answer: %w", r.exchange, err)
}
