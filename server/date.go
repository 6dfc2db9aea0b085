package server

import (
	"net/http"
	"sync/atomic"
	"time"
)

// date is the Date of responses. Its text is made once a second.
type date struct{ cached atomic.Pointer[dateText] }

type dateText struct {
	second int64
	text   []byte
}

func (d *date) append(b []byte, now time.Time) []byte {
	second := now.Unix()
	text := d.cached.Load()
	if text == nil || text.second != second {
		text = &dateText{second, now.UTC().AppendFormat(nil, http.TimeFormat)}
		d.cached.Store(text)
	}
	return append(b, text.text...)
}
