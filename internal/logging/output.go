package logging

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxWaiting bounds the buffer of lines that are not written yet, in bytes.
	// Lines that do not fit are dropped: a log that can't be written must not
	// stop the program.
	maxWaiting = 1 << 20

	// maxWaitingAccess leaves room in the buffer for other lines than the access
	// log's.
	maxWaitingAccess = maxWaiting / 4 * 3

	// Lines of the access log are buffered for accessWait, or until there are
	// accessBatch bytes of them.
	accessWait  = 100 * time.Millisecond
	accessBatch = 32 << 10

	// maxSpare bounds the size of a buffer that is kept for reuse, in bytes.
	maxSpare = 256 << 10

	// stallWait is how long Sync waits, which is called after each error: the
	// program may be about to crash.
	stallWait = 100 * time.Millisecond

	// closeWait is how long Close waits for the last lines to be written.
	closeWait = time.Second
)

// output writes the lines of the log to standard error or a file, from one
// goroutine, so that a slow reader or a full disk never blocks a caller. It
// counts the lines that it could not write, and logs that number as soon as it
// can write again.
type output struct {
	path string              // of the file; "": there is none
	line func(string) []byte // encodes a message of the output's own

	mu      sync.Mutex
	waiting []byte        // lines that are not written yet
	lines   int           // in waiting
	dropped int           // lines, since that was last logged
	taken   uint64        // bytes, in all
	done    uint64        // bytes of taken that are written or given up
	written chan struct{} // closed when done grows
	stalled bool          // the last wait ended before done had grown
	lost    atomic.Uint64 // lines dropped, in all

	wake   chan struct{}
	reopen chan os.Signal
	end    chan struct{}
	ended  chan struct{}
	timer  *time.Timer // wakes the goroutine for the access log

	// What follows is used by the goroutine alone.
	w     io.Writer
	spare []byte // an empty buffer
	err   error  // of the last write
	torn  bool   // the last write ended within a line
}

// openOutput returns an output to the file at path, or to w if path is empty. The end
// of ctx ends the wait for a file that does not open.
func openOutput(ctx context.Context, path string, w io.Writer, line func(string) []byte) (*output, error) {
	o := &output{
		path: path, line: line, w: w, written: make(chan struct{}),
		wake: make(chan struct{}, 1), reopen: make(chan os.Signal, 1), end: make(chan struct{}), ended: make(chan struct{}),
	}
	if path != "" {
		file, err := openFirst(ctx, path, w)
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

// Write takes one line of the log. It returns no error: a line that can't be
// written is counted.
func (o *output) Write(entry []byte) (int, error) {
	if o.add(entry, maxWaiting) > 0 {
		o.wakeUp()
	}
	return len(entry), nil
}

// writeAccess takes one line of the access log.
func (o *output) writeAccess(line []byte) {
	switch size := o.add(line, maxWaitingAccess); {
	case size == len(line): // the only one in the buffer
		o.timer.Reset(accessWait)
	case size >= accessBatch && size < accessBatch+len(line):
		o.wakeUp()
	}
}

// add appends a line to the buffer and returns the buffer's size, 0 if the line
// is dropped.
func (o *output) add(line []byte, limit int) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.waiting)+len(line) > limit {
		o.dropped++
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

// Sync waits until the lines so far are written, for up to stallWait; after it
// has waited in vain once, not at all until something is written.
func (o *output) Sync() error {
	o.wait(stallWait)
	return nil
}

func (o *output) wait(limit time.Duration) {
	if o.isWritten() {
		return
	}
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

func (o *output) isWritten() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.done == o.taken
}

// Close writes the lines in the buffer. No further line is written.
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

// flush writes the buffer. Lines that can't be written are not tried again: newer
// ones are worth as much.
func (o *output) flush() {
	o.mu.Lock()
	text, lines, dropped, taken := o.waiting, o.lines, o.dropped, o.taken
	o.waiting, o.lines, o.dropped = o.spare[:0], 0, 0
	o.mu.Unlock()
	failed := o.write(text, dropped)
	o.spare = nil
	if cap(text) <= maxSpare { // larger ones, of a burst, are freed
		o.spare = text
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if failed {
		o.dropped += dropped + lines
		o.lost.Add(uint64(lines))
	}
	o.done, o.stalled = taken, false
	close(o.written)
	o.written = make(chan struct{})
}

func (o *output) write(text []byte, dropped int) (failed bool) {
	if dropped > 0 {
		text = append(text, o.line(o.droppedMessage(dropped))...)
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

func (o *output) droppedMessage(lines int) string {
	why := "nobody took them fast enough"
	if o.err != nil {
		why = o.err.Error()
	}
	return fmt.Sprintf("%d lines of the log are lost here: %s", lines, why)
}

// openAgain opens the file at the path once more, after log rotation has renamed
// the one that is open. Every line is in one of the two.
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
