package lambdaemulator

import (
	"bytes"
	"io"
	"sync"
)

// lineLog takes whole lines of several processes.
type lineLog struct {
	mu sync.Mutex
	to io.Writer
}

func (l *lineLog) write(lines string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = io.WriteString(l.to, lines) // nobody could be told
}

// maxLine bounds what waits for the end of its line, in bytes.
const maxLine = 64 << 10

// journal is what a process has logged: whole lines go to the log, and the last bytes of
// each call are kept.
type journal struct {
	log *lineLog

	mu      sync.Mutex
	partial []byte // a line without its end
	tail    []byte // of this call
}

// add takes what was logged.
func (j *journal) add(text []byte) {
	j.keep(text)
	j.partial = append(j.partial, text...)
	if end := bytes.LastIndexByte(j.partial, '\n'); end >= 0 {
		j.log.write(string(j.partial[:end+1]))
		j.partial = append(j.partial[:0], j.partial[end+1:]...)
	} else if len(j.partial) > maxLine {
		j.log.write(string(j.partial) + "\n")
		j.partial = j.partial[:0]
	}
}

// keep remembers the last bytes.
func (j *journal) keep(text []byte) {
	j.tail = append(j.tail, text...)
	if over := len(j.tail) - tailSize; over > 0 {
		j.tail = append(j.tail[:0], j.tail[over:]...)
	}
}

// mark puts a line of Lambda's into what is kept of the call.
func (j *journal) mark(line string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.keep([]byte(line))
}

// say logs a line of Lambda's.
func (j *journal) say(line string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.endLine()
	j.add([]byte(line + "\n"))
}

// end returns what is kept of the call, and forgets it.
func (j *journal) end(lines string) []byte {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.endLine()
	j.keep([]byte(lines))
	kept := j.tail
	j.tail = nil
	return kept
}

// endLine ends a line that has no end yet.
func (j *journal) endLine() {
	if len(j.partial) > 0 {
		j.add([]byte("\n"))
	}
}
