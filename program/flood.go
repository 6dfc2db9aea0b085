package program

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap/zapcore"
)

// What one place in apiphant's code may say within floodWindow. A caller decides
// how often much of it is said, and must not fill a disk with it.
const (
	floodWindow = 10 * time.Second
	floodLines  = 100
	floodFaults = 30 // errors, which may have a stack
	floodAlike  = 10 // errors with the same words, so that one fault does not hide the others

	alikeLength = 128 // of those words
)

// flood leaves lines out that come too often from one place in the code. The
// places are apiphant's own, in the pipeline and the server: what a product's
// functions log is their own affair.
type flood struct {
	tell func(zapcore.Entry) // writes what was left out
	lost atomic.Uint64       // lines left out, ever

	mu     sync.Mutex
	began  time.Time // of the window
	places map[sourceLine]*place
	timer  *time.Timer // at the window's end; nil: nothing is to be told
}

type sourceLine struct {
	file string
	line int
}

// place is what one place has said in a window.
type place struct {
	entry  zapcore.Entry // the first one left out
	passed int
	left   int
	alike  map[string]int
}

const modulePath = "github.com/apiphant/apiphant"

func isOurs(function string) bool {
	rest, ok := strings.CutPrefix(function, modulePath)
	return ok && (strings.HasPrefix(rest, ".") || strings.HasPrefix(rest, "/server."))
}

// lets tells whether an entry is to be written.
func (f *flood) lets(entry zapcore.Entry) bool {
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
	if said.lets(entry) {
		return true
	}
	if said.left++; said.left == 1 {
		said.entry = entry
	}
	f.lost.Add(1)
	if f.timer == nil {
		f.timer = time.AfterFunc(f.began.Add(floodWindow).Sub(now), f.end)
	}
	return false
}

func (p *place) lets(entry zapcore.Entry) bool {
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

// end tells how much was left out in the window, which ends.
func (f *flood) end() {
	f.mu.Lock()
	places, took := f.places, time.Since(f.began)
	f.places, f.timer = nil, nil
	f.began = time.Time{}
	f.mu.Unlock()
	for _, place := range places {
		if place.left == 0 {
			continue
		}
		entry := place.entry
		entry.Time = time.Now()
		entry.Message = fmt.Sprintf("… and %d more lines from here in the last %s, such as: %s", place.left, took.Round(time.Second), cut(entry.Message, alikeLength))
		f.tell(entry)
	}
}

// Close tells what is left to tell.
func (f *flood) Close() {
	f.mu.Lock()
	pending := f.timer != nil && f.timer.Stop()
	f.mu.Unlock()
	if pending {
		f.end()
	}
}
