package server

import (
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/apiphant/apiphant/internal/trace"
)

// Access is one request and its answer, for a log of all of them.
type Access struct {
	Time       time.Time // when it was answered
	Method     []byte    // empty, as Path is, where the request could not be read
	Path       []byte    // as it stands in the request, without its query
	Status     int       // 0: the connection was closed without an answer
	Sent       int64     // bytes of the answer's body
	Received   int64     // bytes of the request's body, as far as they were read
	Duration   time.Duration
	RequestID  []byte
	TraceID    string         // of a traceparent; "": none
	RemoteAddr netip.AddrPort // who asked, also behind trusted proxies; zero where the connection is not TCP
	UserAgent  []byte
}

func (d *door) logAccess(took time.Duration) {
	log := d.server.AccessLog
	if log == nil {
		return
	}
	access := accesses.Get().(*Access)
	*access = Access{
		Time:      d.start.Add(took),
		Method:    d.conn.head.Method,
		Path:      d.path(),
		Status:    d.status(),
		Sent:      d.answered(),
		Received:  d.body.came,
		Duration:  took,
		RequestID: d.response.field(requestIDHeader),
		TraceID:   d.traceID(),

		RemoteAddr: d.client(),
		UserAgent:  d.conn.head.Fields.First("User-Agent"),
	}
	log(access)
	*access = Access{} // its slices are the connection's
	accesses.Put(access)
}

var accesses = sync.Pool{New: func() any { return new(Access) }}

// traceID is that of the trace which a request is part of, "" for none.
func (d *door) traceID() string {
	if came := d.Header("Traceparent"); came != "" {
		if parent := trace.Parse(came); parent != "" {
			return trace.ID(parent)
		}
	}
	return ""
}

// requestID is the attribute that the log lines of a request have in common.
func (d *door) requestID() slog.Attr {
	return slog.String("request_id", string(d.response.field(requestIDHeader)))
}
