package program

import (
	"strconv"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/apiphant/apiphant/server"
)

// How long what a client sent may be in a line of the access log, in bytes.
const (
	maxAccessPath = 512
	maxUserAgent  = 256
)

// accessLog writes the lines of the access log. There is one for each request,
// which makes its cost a part of everything's: it goes no way that is made for
// any line, allocates nothing, and its line is written together with others.
type accessLog struct {
	json   bool
	output *output
	second atomic.Pointer[second]
}

var accessLines = sync.Pool{New: func() any { line := make([]byte, 0, 1024); return &line }}

// write writes the line of one request:
//
//	INFO [2013-08-12 13:16:52,624] access {"method":"POST","path":"/api/v0/echo/read","status":200,…}
//	{"level":"info","time":"2013-08-12T13:16:52.624500Z","message":"access","method":"POST",…}
func (l *accessLog) write(access *server.Access) {
	buffer := accessLines.Get().(*[]byte)
	*buffer = l.append((*buffer)[:0], access)
	l.output.writeAccess(*buffer)
	accessLines.Put(buffer)
}

func (l *accessLog) append(line []byte, a *server.Access) []byte {
	line = l.appendTime(line, a.Time)
	line = appendQuoted(append(line, `"method":`...), a.Method, maxUserAgent)
	line = appendQuoted(append(line, `,"path":`...), a.Path, maxAccessPath)
	line = strconv.AppendInt(append(line, `,"status":`...), int64(a.Status), 10)
	line = strconv.AppendInt(append(line, `,"bytes":`...), a.Sent, 10)
	line = append(line, `,"duration":`...)
	if l.json {
		line = appendSeconds(line, a.Duration)
	} else {
		line = append(line, '"')
		line = append(append(line, a.Duration.String()...), '"')
	}
	line = appendQuoted(append(line, `,"request_id":`...), a.RequestID, maxUserAgent)
	if a.TraceID != "" {
		line = append(append(append(line, `,"trace_id":"`...), a.TraceID...), '"')
	}
	line = append(line, `,"remote_addr":"`...)
	if a.RemoteAddr.IsValid() {
		line = a.RemoteAddr.AppendTo(line)
	}
	line = strconv.AppendInt(append(line, `","received":`...), a.Received, 10)
	if len(a.UserAgent) > 0 {
		line = appendQuoted(append(line, `,"user_agent":`...), a.UserAgent, maxUserAgent)
	}
	return append(line, "}\n"...)
}

// second is how the times of one second begin, and how they end.
type second struct {
	unix        int64
	begin, zone string
}

func (l *accessLog) appendTime(line []byte, at time.Time) []byte {
	now := l.second.Load()
	if now == nil || now.unix != at.Unix() {
		now = &second{unix: at.Unix(), begin: at.Format("INFO [2006-01-02 15:04:05,")}
		if l.json {
			now.begin, now.zone = at.Format(`{"level":"info","time":"2006-01-02T15:04:05.`), at.Format("Z07:00")
		}
		l.second.Store(now)
	}
	line = append(line, now.begin...)
	if !l.json {
		return append(appendDigits(line, at.Nanosecond()/1e6, 1e2), "] access {"...)
	}
	line = append(appendDigits(line, at.Nanosecond()/1e3, 1e5), now.zone...)
	return append(line, `","message":"access",`...)
}

func appendSeconds(line []byte, d time.Duration) []byte {
	line = append(strconv.AppendInt(line, int64(d/time.Second), 10), '.')
	return appendDigits(line, int(d%time.Second), 1e8)
}

// appendDigits appends a number with its leading zeros; first is what its first
// digit counts.
func appendDigits(line []byte, number, first int) []byte {
	for ; first > 0; first /= 10 {
		line = append(line, byte('0'+number/first%10))
	}
	return line
}

// appendQuoted appends what a client sent as a JSON string without anything
// that is not printable.
func appendQuoted(line, value []byte, limit int) []byte {
	size := len(value)
	if size > limit {
		value = value[:cutAt(value, limit)]
	}
	line = append(line, '"')
	if isPlain(value) {
		line = append(line, value...)
	} else {
		line = appendEscaped(line, value)
	}
	if size > limit {
		line = append(strconv.AppendInt(append(line, "…("...), int64(size), 10), " bytes)"...)
	}
	return append(line, '"')
}

func isPlain(value []byte) bool {
	for _, c := range value {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

func appendEscaped(line, value []byte) []byte {
	for len(value) > 0 {
		r, size := utf8.DecodeRune(value)
		if r == '"' || r == '\\' {
			line = append(line, '\\')
		}
		line, value = appendPrintable(line, r), value[size:]
	}
	return line
}
