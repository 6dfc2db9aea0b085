package server

import (
	"time"

	"github.com/valyala/fasthttp"

	"github.com/apiphant/apiphant"
)

// ShedOne counts one refusal of each reason.
func (m *Metrics) ShedOne() {
	for reason := range shedReasons {
		m.shedOne(shedReason(reason))
	}
}

// Count returns what counts a request of an endpoint, without the request.
func (s *Server) Count(endpoint *apiphant.Endpoint) func() {
	d, start := &door{server: s, ctx: &fasthttp.RequestCtx{}}, time.Now()
	return func() {
		d.begin(s.Metrics.route(endpoint), start)
		d.end()
	}
}
