package lambdaemulator

import (
	"io"
	"sync"
)

// sink is where an answer goes that streams.
type sink struct {
	to func(contentType string) io.Writer // nil: answers are collected

	mu      sync.Mutex
	writer  io.Writer
	written bool
	closed  bool
}

// open reports whether an answer with that Content-Type streams.
func (s *sink) open(contentType string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.to == nil || s.closed {
		return false
	}
	s.writer = s.to(contentType)
	s.written = s.writer != nil
	return s.written
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, io.ErrClosedPipe
	}
	return s.writer.Write(p)
}

func (s *sink) used() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.written
}

// close lets nothing more be written.
func (s *sink) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
}
