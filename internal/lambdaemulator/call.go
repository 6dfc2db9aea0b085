package lambdaemulator

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// Call is one call of a function.
type Call struct {
	ID            string // from NewID
	Payload       []byte // the event, as JSON; at most MaxPayload
	ClientContext string // as JSON; "": none
	TraceID       string // of X-Amzn-Trace-Id; "": none
	Qualifier     string // an alias or a version; "": none was said

	// Stream returns where the body of an answer with that Content-Type goes as it
	// comes; nil: it is collected. Nothing is written once Invoke has returned.
	Stream func(contentType string) io.Writer
}

// Result is the outcome of a call.
type Result struct {
	Payload     []byte // the answer, or the function's error as JSON; nil: it was streamed
	Failed      bool   // Payload is an error
	ContentType string // of the answer
	Streamed    bool   // an answer was written to Stream, be it whole or not
	Version     string // that answered
	Log         []byte // the last 4 KB of what the call has logged, with Lambda's lines

	id        string
	status    string        // "timeout", "error" or ""
	errorType string        // "Runtime.ExitError" …
	duration  time.Duration // of the call
	init      time.Duration // of the start before it
	cold      bool
	memory    int64 // the most that the process had, in bytes; 0: unknown
	healthy   bool  // the instance can be called again
}

// fail makes the outcome one of Lambda's own errors.
func (r *Result) fail(errorType, message string) {
	r.Failed, r.status, r.errorType, r.ContentType = true, "error", errorType, "application/json"
	r.Payload = errorPayload(errorType, message)
}

// errorPayload is an error as Lambda writes it.
func errorPayload(errorType, message string) []byte {
	payload, _ := json.Marshal(struct {
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}{errorType, message})
	return payload
}

// NewID returns an id for a call: a random UUID.
func NewID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// NewTraceID returns a value of X-Amzn-Trace-Id for a request that is not traced.
func NewTraceID() string {
	var b [20]byte
	_, _ = rand.Read(b[:])
	return fmt.Sprintf("Root=1-%08x-%x;Parent=%x;Sampled=0", time.Now().Unix(), b[:12], b[12:])
}
