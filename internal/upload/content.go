package upload

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"syscall"
)

// Content is what a file has. It is in memory or in a temporary file.
type Content struct {
	ContentType string // as the part says; "": it does not
	Detected    string // by [http.DetectContentType]
	Size        int64  // in bytes

	mu     sync.Mutex
	memory []byte
	spool  *spool // in place of memory; nil: there is none
	offset int64  // in spool
	closed bool
}

// InMemory returns the content of a file that has not come with a request.
func InMemory(contentType string, content []byte) *Content {
	return &Content{ContentType: contentType, Detected: http.DetectContentType(content), Size: int64(len(content)), memory: content}
}

// ErrClosed is the error of Open after Close.
var ErrClosed = errors.New("the file is gone: it was there until the end of its call")

// Open returns a reader of the content, from its start. It may be called several
// times, also by several goroutines; each reader has its own position.
func (c *Content) Open() (io.ReadSeekCloser, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return nil, ErrClosed
	case c.spool != nil:
		return opened{io.NewSectionReader(c.spool.file, c.offset, c.Size)}, nil
	}
	return opened{bytes.NewReader(c.memory)}, nil
}

// opened is a reader for which there is nothing to close.
type opened struct{ io.ReadSeeker }

func (opened) Close() error { return nil }

// close makes every later Open an error.
func (c *Content) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed, c.memory = true, nil
}

// spool is the temporary file of a form. All files that memory has no room for are in
// it, one after the other, so that a form takes one descriptor however many it has.
// Where the system can do that, the spool has no name from the beginning: nothing is
// left of it however the process ends.
type spool struct {
	file *os.File
	size int64
}

// ErrTooManyFiles is about a file that can't be opened since the process, or the system,
// has as many open as it may (RLIMIT_NOFILE).
var ErrTooManyFiles = errors.New("too many files are open")

func newSpool() (*spool, error) {
	file, err := os.CreateTemp("", "apiphant-*")
	switch {
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return nil, fmt.Errorf("%w: %w", ErrTooManyFiles, err)
	case err != nil:
		return nil, err
	}
	_ = os.Remove(file.Name())
	return &spool{file: file}, nil
}

func (s *spool) Write(p []byte) (int, error) {
	n, err := s.file.Write(p)
	s.size += int64(n)
	return n, err
}

func (s *spool) close() {
	_ = s.file.Close()
	_ = os.Remove(s.file.Name()) // where the system could not do so while it was open
}
