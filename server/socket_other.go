//go:build !unix

package server

import (
	"context"
	"net"
)

// socket is a listener: here the two can't be told apart.
type socket struct{ ln net.Listener }

func bind(network, at string) (*socket, error) {
	var config net.ListenConfig
	ln, err := config.Listen(context.Background(), network, at)
	if err != nil {
		return nil, err
	}
	return &socket{ln}, nil
}

// listen returns the listener, which is the caller's from then on.
func (s *socket) listen() (net.Listener, error) {
	ln := s.ln
	s.ln = nil
	return ln, nil
}

func (s *socket) close() error {
	if s.ln == nil {
		return nil
	}
	return s.ln.Close()
}
