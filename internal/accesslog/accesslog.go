// Package accesslog writes the lines of the access log, the same for every door.
package accesslog

import (
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/apiphant/apiphant/internal/logging"
)

// Bounds of what a client sent, in a line of the access log, in bytes.
const (
	maxAccessPath = 512
	maxUserAgent  = 256
	maxUser       = 128
)

// Entry is one request and its response. Its fields are those of
// [github.com/apiphant/apiphant/server.Access], which is converted to it; so is that of
// package lambda.
type Entry struct {
	Time       time.Time
	Method     []byte
	Path       []byte
	Status     int
	Sent       int64
	Rows       int64
	HasRows    bool
	Received   int64
	Duration   time.Duration
	RequestID  []byte
	TraceID    string
	RemoteAddr netip.AddrPort
	UserAgent  []byte
	User       string
	Reason     string
}

// Log writes the lines of the access log. Each request pays for one, so they are encoded
// without allocation, and written many at a time.
type Log struct {
	To     *logging.Log
	second atomic.Pointer[second]
}

var accessLines = sync.Pool{New: func() any { line := make([]byte, 0, 1024); return &line }}

// Write writes the line of one request, in one of the two forms:
//
//	INFO [2013-08-12 13:16:52,624] access {"method":"POST","path":"/api/v0/echo/read","status":200,…}
//	{"level":"info","time":"2013-08-12T13:16:52.624500Z","message":"access","method":"POST",…}
func (l *Log) Write(entry *Entry) {
	buffer := accessLines.Get().(*[]byte)
	*buffer = l.append((*buffer)[:0], entry)
	l.To.WriteAccess(*buffer)
	accessLines.Put(buffer)
}

func (l *Log) append(line []byte, a *Entry) []byte {
	line = l.appendTime(line, a.Time)
	line = logging.AppendQuoted(append(line, `"method":`...), a.Method, maxUserAgent)
	line = logging.AppendQuoted(append(line, `,"path":`...), a.Path, maxAccessPath)
	line = strconv.AppendInt(append(line, `,"status":`...), int64(a.Status), 10)
	line = strconv.AppendInt(append(line, `,"bytes":`...), a.Sent, 10)
	if a.HasRows {
		line = strconv.AppendInt(append(line, `,"rows":`...), a.Rows, 10)
	}
	line = append(line, `,"duration":`...)
	if l.To.IsJSON() {
		line = appendSeconds(line, a.Duration)
	} else {
		line = append(line, '"')
		line = append(append(line, a.Duration.String()...), '"')
	}
	line = logging.AppendQuoted(append(line, `,"request_id":`...), a.RequestID, maxUserAgent)
	if a.TraceID != "" {
		line = append(append(append(line, `,"trace_id":"`...), a.TraceID...), '"')
	}
	line = append(line, `,"remote_addr":"`...)
	if a.RemoteAddr.IsValid() {
		line = a.RemoteAddr.AppendTo(line)
	}
	line = strconv.AppendInt(append(line, `","received":`...), a.Received, 10)
	if len(a.UserAgent) > 0 {
		line = logging.AppendQuoted(append(line, `,"user_agent":`...), a.UserAgent, maxUserAgent)
	}
	if a.User != "" {
		line = logging.AppendQuoted(append(line, `,"user":`...), []byte(a.User), maxUser)
	}
	if a.Reason != "" {
		line = logging.AppendQuoted(append(line, `,"reason":`...), []byte(a.Reason), maxUserAgent)
	}
	return append(line, "}\n"...)
}

// second is one second as it is written: lines differ in the fraction, between
// begin and zone.
type second struct {
	unix        int64
	begin, zone string
}

func (l *Log) appendTime(line []byte, at time.Time) []byte {
	now := l.second.Load()
	if now == nil || now.unix != at.Unix() {
		now = &second{unix: at.Unix(), begin: at.Format("INFO [2006-01-02 15:04:05,")}
		if l.To.IsJSON() {
			now.begin, now.zone = at.Format(`{"level":"info","time":"2006-01-02T15:04:05.`), at.Format("Z07:00")
		}
		l.second.Store(now)
	}
	line = append(line, now.begin...)
	if !l.To.IsJSON() {
		return append(appendDigits(line, at.Nanosecond()/1e6, 1e2), "] access {"...)
	}
	line = append(appendDigits(line, at.Nanosecond()/1e3, 1e5), now.zone...)
	return append(line, `","message":"access",`...)
}

func appendSeconds(line []byte, d time.Duration) []byte {
	line = append(strconv.AppendInt(line, int64(d/time.Second), 10), '.')
	return appendDigits(line, int(d%time.Second), 1e8)
}

// appendDigits appends a number with leading zeros; first is the value of a 1 in
// its first digit, such as 100 for three digits.
func appendDigits(line []byte, number, first int) []byte {
	for ; first > 0; first /= 10 {
		line = append(line, byte('0'+number/first%10))
	}
	return line
}
