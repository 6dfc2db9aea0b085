package server

import (
	"cmp"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/apiphant/apiphant"
)

// Metrics count what a [Server] does. It is a [prometheus.Collector]; make it
// with [NewMetrics]. docs/operating.md says what each of them means.
//
// Counting costs a request a few atomic additions: what is counted of a route
// is found by the route's index, and nothing is looked up by name.
type Metrics struct {
	api    *apiphant.API
	routes []routeCounts // by Endpoint.Index; then that of healthPath, and that of requests without a route

	begun    atomic.Uint64 // requests
	received histogram     // bytes of their bodies
	sent     histogram     // bytes of the answers' bodies
	shed     [len(shedReasons)]atomic.Uint64

	accepted      atomic.Uint64 // connections
	gone          atomic.Uint64
	acceptFailure atomic.Uint64
}

// routeCounts is what is counted of one route.
type routeCounts struct {
	path     string
	statuses [statusSlots]atomic.Uint64
	took     histogram // ns
	late     atomic.Uint64
	panics   atomic.Uint64
}

// The answers of a route are counted by their statuses from firstStatus on; no
// answer at all and statuses that HTTP does not know have a slot of their own.
const (
	firstStatus = 200
	noAnswer    = 400 // slots
	oddStatus   = 401
	statusSlots = 402
)

func slotOf(status int) int {
	switch {
	case status == 0:
		return noAnswer
	case status < firstStatus || status >= firstStatus+noAnswer:
		return oddStatus
	}
	return status - firstStatus
}

func statusOf(slot int) string {
	switch slot {
	case noAnswer:
		return "none"
	case oddStatus:
		return "other"
	}
	return strconv.Itoa(firstStatus + slot)
}

// shedReason is why a request or a connection was refused to keep the others going.
type shedReason int

const (
	shedConnections shedReason = iota // too many connections
	shedAddress                       // too many of one address
	shedRunning                       // too many running requests
	shedMemory                        // too many bytes of bodies
)

var shedReasons = [...]string{shedConnections: "connections", shedAddress: "address", shedRunning: "running", shedMemory: "memory"}

var (
	tookBounds = []int64{1e5, 5e5, 1e6, 5e6, 1e7, 2.5e7, 5e7, 1e8, 2.5e8, 5e8, 1e9, 2.5e9, 5e9, 1e10, 3e10}
	sizeBounds = []int64{0, 256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 16 << 20, 256 << 20}
)

// NewMetrics returns metrics of a server of api, which has all its routes.
func NewMetrics(api *apiphant.API) *Metrics {
	routes := api.Routes()
	m := &Metrics{
		api:      api,
		routes:   make([]routeCounts, len(routes)+2),
		received: newHistogram(sizeBounds),
		sent:     newHistogram(sizeBounds),
	}
	for i := range m.routes {
		m.routes[i].took = newHistogram(tookBounds)
	}
	for i, route := range routes {
		m.routes[i].path = route.Path()
	}
	m.health().path = healthPath
	return m
}

// route returns where the requests for an endpoint are counted, nil for none.
// What was asked for in vain is not told apart: it would fill Prometheus.
func (m *Metrics) route(endpoint *apiphant.Endpoint) *routeCounts {
	switch {
	case m == nil:
		return nil
	case endpoint == nil:
		return &m.routes[len(m.routes)-1]
	}
	return &m.routes[endpoint.Index]
}

func (m *Metrics) health() *routeCounts {
	if m == nil {
		return nil
	}
	return &m.routes[len(m.routes)-2]
}

func (m *Metrics) begin() {
	if m != nil {
		m.begun.Add(1)
	}
}

// end counts what became of a request.
func (m *Metrics) end(d *door, took time.Duration) {
	if m == nil || d.route == nil { // nil: it was lost before it was known
		return
	}
	d.route.statuses[slotOf(d.status())].Add(1)
	d.route.took.observe(int64(took))
	if limit := cmp.Or(m.api.Timeout, apiphant.DefaultTimeout); limit > 0 && took > limit {
		d.route.late.Add(1)
	}
	m.received.observe(d.body.came)
	m.sent.observe(d.answered())
}

func (m *Metrics) shedOne(reason shedReason) {
	if m != nil {
		m.shed[reason].Add(1)
	}
}

func (m *Metrics) opened() {
	if m != nil {
		m.accepted.Add(1)
	}
}

func (m *Metrics) closed() {
	if m != nil {
		m.gone.Add(1)
	}
}

func (m *Metrics) failedToAccept() {
	if m != nil {
		m.acceptFailure.Add(1)
	}
}

var (
	requestsDesc = prometheus.NewDesc("apiphant_requests_total", "Requests that were answered, by route and status.", []string{"route", "status"}, nil)
	tookDesc     = prometheus.NewDesc("apiphant_request_duration_seconds", "From a request's headers to its answer.", []string{"route"}, nil)
	lateDesc     = prometheus.NewDesc("apiphant_requests_past_deadline_total", "Requests that ended after the deadline of their context.", []string{"route"}, nil)
	panicsDesc   = prometheus.NewDesc("apiphant_panics_total", "Requests that ended with a panic.", []string{"route"}, nil)
	inFlightDesc = prometheus.NewDesc("apiphant_requests_in_flight", "Requests that came and are not answered yet.", nil, nil)
	receivedDesc = prometheus.NewDesc("apiphant_request_size_bytes", "Bytes of requests' bodies, as far as they were read.", nil, nil)
	sentDesc     = prometheus.NewDesc("apiphant_response_size_bytes", "Bytes of answers' bodies.", nil, nil)
	shedDesc     = prometheus.NewDesc("apiphant_shed_total", "Requests and connections that were refused to keep the others going.", []string{"reason"}, nil)
	openDesc     = prometheus.NewDesc("apiphant_connections", "Connections that are open.", nil, nil)
	acceptedDesc = prometheus.NewDesc("apiphant_connections_accepted_total", "Connections that were accepted.", nil, nil)
	shortageDesc = prometheus.NewDesc("apiphant_accept_failures_total", "Times that no connection could be accepted, for want of descriptors or memory.", nil, nil)
)

// Describe is part of [prometheus.Collector].
func (m *Metrics) Describe(descriptions chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{
		requestsDesc, tookDesc, lateDesc, panicsDesc, inFlightDesc, receivedDesc, sentDesc, shedDesc, openDesc, acceptedDesc, shortageDesc,
	} {
		descriptions <- desc
	}
}

// Collect is part of [prometheus.Collector].
func (m *Metrics) Collect(metrics chan<- prometheus.Metric) {
	ended := uint64(0)
	for i := range m.routes {
		ended += m.routes[i].collect(metrics)
	}
	metrics <- gauge(inFlightDesc, m.begun.Load()-ended)
	metrics <- m.received.metric(receivedDesc, 1)
	metrics <- m.sent.metric(sentDesc, 1)
	for reason, name := range shedReasons {
		metrics <- counter(shedDesc, m.shed[reason].Load(), name)
	}
	gone := m.gone.Load() // first, so that none is gone that was not accepted
	metrics <- gauge(openDesc, m.accepted.Load()-gone)
	metrics <- counter(acceptedDesc, m.accepted.Load())
	metrics <- counter(shortageDesc, m.acceptFailure.Load())
}

func (r *routeCounts) collect(metrics chan<- prometheus.Metric) (ended uint64) {
	for slot := range r.statuses {
		count := r.statuses[slot].Load()
		ended += count
		if count > 0 || slot == slotOf(200) {
			metrics <- counter(requestsDesc, count, r.path, statusOf(slot))
		}
	}
	metrics <- r.took.metric(tookDesc, float64(time.Second), r.path)
	metrics <- counter(lateDesc, r.late.Load(), r.path)
	metrics <- counter(panicsDesc, r.panics.Load(), r.path)
	return ended
}

func counter(desc *prometheus.Desc, value uint64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(value), labels...)
}

func gauge(desc *prometheus.Desc, value uint64) prometheus.Metric {
	return prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(value))
}
