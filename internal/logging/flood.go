package logging

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap/zapcore"
)

// How many lines one statement of apiphant's code may log in floodWindow. Clients
// decide how often such a statement runs, and must not be able to fill a disk.
const (
	floodWindow = 10 * time.Second
	floodLines  = 100
	floodFaults = 30 // errors, which may have a stack
	floodAlike  = 10 // errors with the same text, so that one fault does not hide others

	alikeLength = 128 // bytes of that text that are compared
)

// flood drops lines that come too often from one statement of the pipeline or
// the server. What a product's functions log is never dropped.
type flood struct {
	report func(zapcore.Entry) // writes how many lines were dropped
	lost   atomic.Uint64       // lines dropped, in all

	mu     sync.Mutex
	began  time.Time // of the window
	places map[sourceLine]*place
	timer  *time.Timer // runs at the window's end; nil: no line was dropped in it
}

type sourceLine struct {
	file string
	line int
}

// place counts the lines of one statement in a window.
type place struct {
	entry   zapcore.Entry // the first that was dropped
	passed  int
	dropped int
	alike   map[string]int // errors that passed, by the beginning of their text
}

const modulePath = "github.com/apiphant/apiphant"

func isOurs(function string) bool {
	rest, ok := strings.CutPrefix(function, modulePath)
	return ok && (strings.HasPrefix(rest, ".") || strings.HasPrefix(rest, "/server."))
}

// allows reports whether an entry is to be written, and counts it.
func (f *flood) allows(entry zapcore.Entry) bool {
	if !isOurs(entry.Caller.Function) {
		return true
	}
	now := time.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.timer == nil && now.Sub(f.began) >= floodWindow {
		f.began, f.places = now, map[sourceLine]*place{}
	}
	at := sourceLine{entry.Caller.File, entry.Caller.Line}
	said := f.places[at]
	if said == nil {
		said = &place{alike: map[string]int{}}
		f.places[at] = said
	}
	if said.allows(entry) {
		return true
	}
	if said.dropped++; said.dropped == 1 {
		said.entry = entry
	}
	f.lost.Add(1)
	if f.timer == nil {
		f.timer = time.AfterFunc(f.began.Add(floodWindow).Sub(now), f.end)
	}
	return false
}

func (p *place) allows(entry zapcore.Entry) bool {
	limit := floodLines
	if entry.Level >= zapcore.ErrorLevel {
		words := strings.Clone(entry.Message[:min(len(entry.Message), alikeLength)])
		if limit = floodFaults; p.passed >= limit || p.alike[words] >= floodAlike {
			return false
		}
		p.alike[words]++
	}
	if p.passed >= limit {
		return false
	}
	p.passed++
	return true
}

// end ends the window and reports what was dropped in it.
func (f *flood) end() {
	f.mu.Lock()
	places, took := f.places, time.Since(f.began)
	f.places, f.timer = nil, nil
	f.began = time.Time{}
	f.mu.Unlock()
	for _, place := range places {
		if place.dropped == 0 {
			continue
		}
		entry := place.entry
		entry.Time = time.Now()
		entry.Message = fmt.Sprintf("… and %d more lines from here in the last %s, such as: %s", place.dropped, took.Round(time.Second), cut(entry.Message, alikeLength))
		f.report(entry)
	}
}

// Close reports what was dropped in the current window.
func (f *flood) Close() {
	f.mu.Lock()
	pending := f.timer != nil && f.timer.Stop()
	f.mu.Unlock()
	if pending {
		f.end()
	}
}
