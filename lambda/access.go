package lambda

import (
	"net/netip"
	"time"

	"github.com/apiphant/apiphant/internal/requesturi"
	"github.com/apiphant/apiphant/internal/trace"
)

// Access is one request of a gateway and its response, for the access log. It has the
// fields of [github.com/apiphant/apiphant/server.Access].
type Access struct {
	Time       time.Time // when the request was answered
	Method     []byte
	Path       []byte // the product's, without the query
	Status     int    // 0: the answer was broken off
	Sent       int64  // bytes of the response's body
	Rows       int64  // of a response that is a sequence, as far as they were sent
	HasRows    bool   // the response is a sequence
	Received   int64  // bytes of the request's body
	Duration   time.Duration
	RequestID  []byte
	TraceID    string         // of the header Traceparent; "": there is none
	RemoteAddr netip.AddrPort // of the client, as the gateway says, with the port 0
	UserAgent  []byte
	User       string // who is calling; "": nobody has found out
	Reason     string // why the request was refused, where the client is not told; "": nothing
}

// logAccess logs a request with its answer, of which sent bytes were sent.
func (h *Handler) logAccess(x *exchange, status int, sent int64) {
	if h.AccessLog == nil {
		return
	}
	now := time.Now()
	path, _ := requesturi.Split([]byte(x.target))
	traceID := ""
	if parent := trace.Parse(x.Header("Traceparent")); parent != "" {
		traceID = trace.ID(parent)
	}
	h.AccessLog(&Access{
		Time: now, Method: []byte(x.method), Path: path, Status: status, Sent: sent, Rows: x.rows, HasRows: x.hasRows,
		Received: int64(len(x.body)), Duration: now.Sub(x.began), RequestID: []byte(x.answer.header.Get("X-Request-Id")),
		TraceID: traceID, RemoteAddr: netip.AddrPortFrom(x.source, 0),
		UserAgent: []byte(x.Header("User-Agent")), User: x.user, Reason: x.reason,
	})
}
