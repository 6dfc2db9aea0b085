package server

import (
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/apiphant/apiphant/internal/trace"
)

// Access is one request and its response, for the access log.
type Access struct {
	Time       time.Time // when the request was answered
	Method     []byte    // empty, as Path is, where the request could not be read
	Path       []byte    // as it came, without the query
	Status     int       // 0: the connection was closed without a response; 101: it was hijacked, and has ended
	Sent       int64     // bytes of the response's body; of a hijacked connection, all that its function sent
	Rows       int64     // of a response that is a sequence, as far as they were sent
	HasRows    bool      // the response is a sequence
	Received   int64     // bytes of the request's body, as far as they were read; and of a hijacked connection
	Duration   time.Duration
	RequestID  []byte
	TraceID    string         // of the header Traceparent; "": there is none
	RemoteAddr netip.AddrPort // of the client, also behind trusted proxies; zero where the connection is not TCP
	UserAgent  []byte
	User       string // who is calling; "": nobody has found out
	Reason     string // why the request was refused, where the client is not told; "": nothing
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
		Sent:      d.written(),
		Rows:      d.rows,
		HasRows:   d.hasRows,
		Received:  d.received(),
		Duration:  took,
		RequestID: d.response.field(requestIDHeader),
		TraceID:   d.traceID(),

		RemoteAddr: d.client(),
		UserAgent:  d.conn.head.Fields.First("User-Agent"),
		User:       d.user,
		Reason:     d.reason,
	}
	log(access)
	*access = Access{} // its slices are the connection's
	accesses.Put(access)
}

var accesses = sync.Pool{New: func() any { return new(Access) }}

// traceID returns the id of the trace that the request belongs to, "" for none.
func (d *door) traceID() string {
	if came := d.Header("Traceparent"); came != "" {
		if parent := trace.Parse(came); parent != "" {
			return trace.ID(parent)
		}
	}
	return ""
}

// requestID is the attribute that all log lines of a request have.
func (d *door) requestID() slog.Attr {
	return slog.String("request_id", string(d.response.field(requestIDHeader)))
}
