package server

import (
	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server/internal/connection"
)

// ShedOne counts one refusal of each reason.
func (s *Server) ShedOne() {
	for met := range bounds {
		s.shed.count(met)
	}
}

// Count returns what counts a request of an endpoint, without the request.
func (s *Server) Count(endpoint *apiphant.Endpoint) func() {
	c := &conn{Conn: connection.New(nil, &connection.Config{}), server: s, match: apiphant.Match{Endpoint: endpoint}}
	return func() { c.openDoor(&c.json).end() }
}
