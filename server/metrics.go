package server

import (
	"net/http"
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
// is found by the route's index, and nothing is looked up by name. What every
// request counts is kept in shards, see shardCount, and summed when it is read.
type Metrics struct {
	api    *apiphant.API
	paths  []string // by Endpoint.Index; then healthPath, and "" for requests without a route
	shards [maxShards]metricsShard

	server atomic.Pointer[Server] // that serves

	accepted      atomic.Uint64 // connections
	gone          atomic.Uint64
	acceptFailure atomic.Uint64
}

// metricsShard is what the connections of one shard count.
type metricsShard struct {
	begun    atomic.Uint64                 // requests
	received histogram                     // bytes of their bodies
	sent     histogram                     // bytes of the responses' bodies
	routes   []atomic.Pointer[routeCounts] // as Metrics.paths; nil: nothing was counted
	_        [64]byte                      // so that shards have no cache line in common
}

// routeCounts is what is counted of one route in one shard.
type routeCounts struct {
	statuses [statusSlots]atomic.Uint64
	took     histogram // ns
	late     atomic.Uint64
	panics   atomic.Uint64
}

// The responses of a route are counted by their statuses from firstStatus on. No
// response at all, and statuses that HTTP does not know, have slots of their own.
const (
	firstStatus = 200
	noResponse  = 400 // slots
	oddStatus   = 401
	hijackSlot  = 402
	statusSlots = 403
)

func slotOf(status int) int {
	switch {
	case status == 0:
		return noResponse
	case status == http.StatusSwitchingProtocols:
		return hijackSlot
	case status < firstStatus || status >= firstStatus+noResponse:
		return oddStatus
	}
	return status - firstStatus
}

func statusOf(slot int) string {
	switch slot {
	case noResponse:
		return "none"
	case oddStatus:
		return "other"
	case hijackSlot:
		return strconv.Itoa(http.StatusSwitchingProtocols)
	}
	return strconv.Itoa(firstStatus + slot)
}

var (
	tookBounds = []int64{1e5, 5e5, 1e6, 5e6, 1e7, 2.5e7, 5e7, 1e8, 2.5e8, 5e8, 1e9, 2.5e9, 5e9, 1e10, 3e10}
	sizeBounds = []int64{0, 256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 16 << 20, 256 << 20}
)

// NewMetrics returns metrics of a server of api, which has all its routes.
func NewMetrics(api *apiphant.API) *Metrics {
	m := &Metrics{api: api}
	for _, route := range api.Routes() {
		m.paths = append(m.paths, route.Path())
	}
	m.paths = append(m.paths, healthPath, "")
	for i := range m.shards {
		m.shards[i].received, m.shards[i].sent = newHistogram(sizeBounds), newHistogram(sizeBounds)
		m.shards[i].routes = make([]atomic.Pointer[routeCounts], len(m.paths))
	}
	return m
}

// route returns where the requests for an endpoint are counted, nil for none. All
// requests that no endpoint is for are counted as one route: their paths would
// fill Prometheus.
func (m *Metrics) route(shard int, endpoint *apiphant.Endpoint) *routeCounts {
	switch {
	case m == nil:
		return nil
	case endpoint == nil:
		return m.shards[shard].route(len(m.paths) - 1)
	}
	return m.shards[shard].route(endpoint.Index)
}

func (m *Metrics) health(shard int) *routeCounts {
	if m == nil {
		return nil
	}
	return m.shards[shard].route(len(m.paths) - 2)
}

func (s *metricsShard) route(index int) *routeCounts {
	at := &s.routes[index]
	if counts := at.Load(); counts != nil {
		return counts
	}
	at.CompareAndSwap(nil, &routeCounts{took: newHistogram(tookBounds)})
	return at.Load()
}

// of says whose state is collected, too.
func (m *Metrics) of(s *Server) {
	if m != nil {
		m.server.Store(s)
	}
}

func (m *Metrics) begin(shard int) {
	if m != nil {
		m.shards[shard].begun.Add(1)
	}
}

// end counts what became of a request.
func (m *Metrics) end(d *door, took time.Duration) {
	if m == nil {
		return
	}
	d.route.statuses[slotOf(d.status())].Add(1)
	d.route.took.observe(int64(took))
	if limit := timeoutOf(m.api, d.endpoint); limit > 0 && took > limit && d.conn.hijack.Load() == nil {
		d.route.late.Add(1)
	}
	shard := &m.shards[d.conn.shard]
	shard.received.observe(d.received())
	shard.sent.observe(d.written())
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
	requestsDesc   = prometheus.NewDesc("apiphant_requests_total", "Requests that were answered, by route and status.", []string{"route", "status"}, nil)
	tookDesc       = prometheus.NewDesc("apiphant_request_duration_seconds", "From a request's headers to its answer.", []string{"route"}, nil)
	lateDesc       = prometheus.NewDesc("apiphant_requests_past_deadline_total", "Requests that ended after the deadline of their context.", []string{"route"}, nil)
	panicsDesc     = prometheus.NewDesc("apiphant_panics_total", "Requests that ended with a panic.", []string{"route"}, nil)
	inFlightDesc   = prometheus.NewDesc("apiphant_requests_in_flight", "Requests that came and are not answered yet.", nil, nil)
	runningDesc    = prometheus.NewDesc("apiphant_requests_running", "Requests that are with their functions, which --max-running bounds.", nil, nil)
	streamsDesc    = prometheus.NewDesc("apiphant_streams", "Answers that are being sent while their functions run.", nil, nil)
	hijackedDesc   = prometheus.NewDesc("apiphant_connections_hijacked", "Connections that functions have taken over, as for WebSocket.", nil, nil)
	overdueDesc    = prometheus.NewDesc("apiphant_requests_overdue", "Requests whose functions still run though their context has ended.", nil, nil)
	bodyMemoryDesc = prometheus.NewDesc("apiphant_body_memory_bytes", "What the bodies of requests and large answers take of --body-memory.", nil, nil)
	receivedDesc   = prometheus.NewDesc("apiphant_request_size_bytes", "Bytes of requests' bodies, as far as they were read.", nil, nil)
	sentDesc       = prometheus.NewDesc("apiphant_response_size_bytes", "Bytes of answers' bodies.", nil, nil)
	shedDesc       = prometheus.NewDesc("apiphant_shed_total", "Requests and connections that were refused to keep the others going.", []string{"reason"}, nil)
	openDesc       = prometheus.NewDesc("apiphant_connections", "Connections that are open.", nil, nil)
	acceptedDesc   = prometheus.NewDesc("apiphant_connections_accepted_total", "Connections that were accepted.", nil, nil)
	shortageDesc   = prometheus.NewDesc("apiphant_accept_failures_total", "Times that no connection could be accepted, for want of descriptors or memory.", nil, nil)
)

// Describe is part of [prometheus.Collector].
func (m *Metrics) Describe(descriptions chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{
		requestsDesc, tookDesc, lateDesc, panicsDesc, inFlightDesc, runningDesc, streamsDesc, hijackedDesc, overdueDesc, bodyMemoryDesc, receivedDesc, sentDesc, shedDesc, openDesc, acceptedDesc, shortageDesc,
	} {
		descriptions <- desc
	}
}

// Collect is part of [prometheus.Collector].
func (m *Metrics) Collect(metrics chan<- prometheus.Metric) {
	ended := uint64(0)
	for i, path := range m.paths {
		ended += m.collectRoute(metrics, i, path)
	}
	begun, received, sent := uint64(0), newTotals(sizeBounds), newTotals(sizeBounds)
	for i := range m.shards { // after what ended, so that nothing has ended that had not begun
		begun += m.shards[i].begun.Load()
		received.add(&m.shards[i].received)
		sent.add(&m.shards[i].sent)
	}
	metrics <- gauge(inFlightDesc, begun-ended)
	metrics <- received.metric(receivedDesc, 1)
	metrics <- sent.metric(sentDesc, 1)
	m.collectStats(metrics)
	gone := m.gone.Load() // first, so that none is gone that was not accepted
	metrics <- gauge(openDesc, m.accepted.Load()-gone)
	metrics <- counter(acceptedDesc, m.accepted.Load())
	metrics <- counter(shortageDesc, m.acceptFailure.Load())
}

// collectRoute returns how many requests for a route have ended.
func (m *Metrics) collectRoute(metrics chan<- prometheus.Metric, index int, path string) (ended uint64) {
	var statuses [statusSlots]uint64
	var late, panics uint64
	took := newTotals(tookBounds)
	for i := range m.shards {
		counts := m.shards[i].routes[index].Load()
		if counts == nil {
			continue
		}
		for slot := range statuses {
			count := counts.statuses[slot].Load()
			statuses[slot] += count
			ended += count
		}
		took.add(&counts.took)
		late += counts.late.Load()
		panics += counts.panics.Load()
	}
	for slot, count := range statuses {
		if count > 0 || slot == slotOf(200) {
			metrics <- counter(requestsDesc, count, path, statusOf(slot))
		}
	}
	metrics <- took.metric(tookDesc, float64(time.Second), path)
	metrics <- counter(lateDesc, late, path)
	metrics <- counter(panicsDesc, panics, path)
	return ended
}

// collectStats adds the state of the server. One that does not serve yet is idle.
func (m *Metrics) collectStats(metrics chan<- prometheus.Metric) {
	var stats Stats
	if s := m.server.Load(); s != nil {
		stats = s.Stats()
	}
	metrics <- gauge(runningDesc, uint64(stats.Running))
	metrics <- gauge(streamsDesc, uint64(stats.Streams))
	metrics <- gauge(hijackedDesc, uint64(stats.Hijacked))
	metrics <- gauge(overdueDesc, uint64(stats.Overdue))
	metrics <- gauge(bodyMemoryDesc, uint64(stats.BodyMemory))
	metrics <- counter(shedDesc, stats.Shed.Connections, "connections")
	metrics <- counter(shedDesc, stats.Shed.PerAddress, "address")
	metrics <- counter(shedDesc, stats.Shed.Running, "running")
	metrics <- counter(shedDesc, stats.Shed.Memory, "memory")
}

func counter(desc *prometheus.Desc, value uint64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(value), labels...)
}

func gauge(desc *prometheus.Desc, value uint64) prometheus.Metric {
	return prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(value))
}
