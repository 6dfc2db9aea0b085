package program

import (
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxWaiting is how many bytes of lines wait for whom they are written to.
	// Beyond it they are left out: a log that nobody takes stops nothing else.
	maxWaiting = 1 << 20

	// maxWaitingAccess leaves room for what is said besides the access log.
	maxWaitingAccess = maxWaiting / 4 * 3

	// Lines of the access log wait for others, this long or until they are so many bytes.
	accessWait  = 100 * time.Millisecond
	accessBatch = 32 << 10

	// maxSpare is how many bytes of memory are kept for further lines.
	maxSpare = 256 << 10

	// stallWait is how long an error's line is waited for, so that it is not
	// lost in a crash that it foretells.
	stallWait = 100 * time.Millisecond

	// closeWait is how long the last lines may take.
	closeWait = time.Second
)

// output is where the lines of the log go: standard error or a file. One
// goroutine writes them, so that a reader who has stopped reading, or a disk
// that is full, holds up nobody who logs. What it could not write is counted,
// and told as soon as it can write again.
type output struct {
	path string              // of the file; "": w is written to for ever
	line func(string) []byte // makes a line of the log of its own words

	mu      sync.Mutex
	waiting []byte
	lines   int           // in waiting
	left    int           // out, since that was told
	taken   uint64        // bytes, ever
	done    uint64        // of them, written or given up
	written chan struct{} // closed when done grows
	stalled bool          // it did not while somebody waited for it
	lost    atomic.Uint64 // lines left out, ever

	wake   chan struct{}
	reopen chan os.Signal
	end    chan struct{}
	ended  chan struct{}
	timer  *time.Timer // wakes for the access log

	// The goroutine's own.
	w     io.Writer
	spare []byte
	err   error // why the last write failed
	torn  bool  // it ended amid a line
}

// openOutput opens the file of a path, or, without one, writes to w.
func openOutput(path string, w io.Writer, line func(string) []byte) (*output, error) {
	o := &output{
		path: path, line: line, w: w, written: make(chan struct{}),
		wake: make(chan struct{}, 1), reopen: make(chan os.Signal, 1), end: make(chan struct{}), ended: make(chan struct{}),
	}
	if path != "" {
		file, err := openLogFile(path)
		if err != nil {
			return nil, fmt.Errorf("can't open the log file: %w", err)
		}
		o.w = file
	}
	o.timer = time.AfterFunc(time.Hour, o.wakeUp)
	o.timer.Stop()
	notifyOfReopen(o.reopen)
	go o.run()
	return o, nil
}

func openLogFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
}

// Write takes one entry of the log; it is always taken for written.
func (o *output) Write(entry []byte) (int, error) {
	if o.add(entry, maxWaiting) > 0 {
		o.wakeUp()
	}
	return len(entry), nil
}

// writeAccess takes one line of the access log, which can wait a little.
func (o *output) writeAccess(line []byte) {
	switch size := o.add(line, maxWaitingAccess); {
	case size == len(line): // the first one
		o.timer.Reset(accessWait)
	case size >= accessBatch && size < accessBatch+len(line):
		o.wakeUp()
	}
}

// add returns how many bytes wait, 0 where the line is left out.
func (o *output) add(line []byte, limit int) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.waiting)+len(line) > limit {
		o.left++
		o.lost.Add(1)
		return 0
	}
	o.waiting = append(o.waiting, line...)
	o.lines++
	o.taken += uint64(len(line))
	return len(o.waiting)
}

func (o *output) wakeUp() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// Sync waits until what was logged so far is written, but not for long.
func (o *output) Sync() error {
	o.wait(stallWait)
	return nil
}

func (o *output) wait(limit time.Duration) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	o.wakeUp()
	o.mu.Lock()
	defer o.mu.Unlock()
	for mine := o.taken; o.done < mine && !o.stalled; {
		written := o.written
		o.mu.Unlock()
		select {
		case <-written:
			o.mu.Lock()
		case <-timer.C:
			o.mu.Lock()
			o.stalled = o.done < mine
		}
	}
}

// Close writes what waits, and takes no further lines.
func (o *output) Close() {
	o.timer.Stop()
	close(o.end)
	select {
	case <-o.ended:
	case <-time.After(closeWait):
	}
}

func (o *output) run() {
	defer close(o.ended)
	for {
		select {
		case <-o.wake:
			o.flush()
		case <-o.reopen:
			o.flush()
			o.openAgain()
		case <-o.end:
			o.flush()
			if file, ok := o.w.(*os.File); ok && o.path != "" {
				file.Close()
			}
			return
		}
	}
}

// flush writes what waits. Lines that can't be written are not tried again:
// those that come meanwhile are worth as much.
func (o *output) flush() {
	o.mu.Lock()
	text, lines, left, taken := o.waiting, o.lines, o.left, o.taken
	o.waiting, o.lines, o.left = o.spare[:0], 0, 0
	o.mu.Unlock()
	failed := o.write(text, left)
	o.spare = nil
	if cap(text) <= maxSpare { // a burst does not hold its memory for ever
		o.spare = text
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if failed {
		o.left += left + lines
		o.lost.Add(uint64(lines))
	}
	o.done, o.stalled = taken, false
	close(o.written)
	o.written = make(chan struct{})
}

func (o *output) write(text []byte, left int) (failed bool) {
	if left > 0 {
		text = append(text, o.line(o.leftOut(left))...)
	}
	if o.torn {
		text = append([]byte{'\n'}, text...)
	}
	if len(text) == 0 {
		return false
	}
	n, err := o.w.Write(text)
	if o.err = err; err != nil && n > 0 {
		o.torn = text[n-1] != '\n'
	} else if err == nil {
		o.torn = false
	}
	return err != nil
}

func (o *output) leftOut(lines int) string {
	why := "nobody took them fast enough"
	if o.err != nil {
		why = o.err.Error()
	}
	return fmt.Sprintf("%d lines of the log are lost here: %s", lines, why)
}

// openAgain opens the file anew by its name, which logrotate has given to
// another one. Every line is in the one or in the other.
func (o *output) openAgain() {
	if o.path == "" {
		return
	}
	file, err := openLogFile(o.path)
	if err != nil {
		_, _ = o.w.Write(o.line("Can't open the log file again, going on with the old one: " + err.Error()))
		return
	}
	if old, ok := o.w.(*os.File); ok {
		old.Close()
	}
	o.w, o.err, o.torn = file, nil, false
}
