package server

import (
	"net/http"
	"sync/atomic"

	"github.com/apiphant/apiphant"
)

// largeAnswer is the size in bytes above which the body of a response counts against
// Server.BodyMemory until it was sent. A client that does not read takes no more than
// that of the memory for nothing.
const largeAnswer = 64 << 10

// answerMemory is what large responses take of Server.BodyMemory. A response that was
// made is always sent, also where that goes beyond the bound. So the memory for it is
// reserved before the function runs, as much as the endpoint's last responses took.
type answerMemory struct {
	bodyMemory
	expected []atomic.Int64 // bytes of the next response, by Endpoint.Index; 0: it is small; or unknownSize
	first    []*firstCalls  // by Endpoint.Index
	out      atomic.Int64   // how many calls have memory
}

// begin sets what is known of responses before the first: those that a function writes
// itself, and those that have nothing in them, don't count.
func (m *answerMemory) begin(memory bodyMemory, endpoints []*apiphant.Endpoint) {
	m.bodyMemory, m.expected, m.first = memory, make([]atomic.Int64, len(endpoints)), make([]*firstCalls, len(endpoints))
	for i, endpoint := range endpoints {
		m.first[i] = newFirstCalls(&m.expected[i])
		if !endpoint.Streams && !endpoint.RawResponse && endpoint.Response != nil {
			m.expected[i].Store(unknownSize)
		}
	}
}

// admit reserves memory for a response of so many bytes, and reports whether there
// was enough. The only call to have memory gets it in any case, so that a response
// that is larger than the bound, or one among many bodies, is sent at some time.
func (m *answerMemory) admit(shard int, bytes int64) bool {
	sole := m.out.Add(1) == 1
	if m.reserve(shard, bytes) {
		return true
	}
	if sole {
		m.exceed(shard, bytes*heapFactor)
		return true
	}
	m.out.Add(-1)
	return false
}

// resize changes what a call has from some bytes to others.
func (m *answerMemory) resize(shard int, from, to int64) {
	switch {
	case from == 0 && to > 0:
		m.out.Add(1)
	case from > 0 && to == 0:
		m.out.Add(-1)
	}
	switch {
	case to < from:
		m.release(shard, from-to)
	case to > from:
		m.exceed(shard, (to-from)*heapFactor)
	}
}

// learn changes what is expected of an endpoint after a response of so many bytes. A
// larger one is expected at once, a smaller one by and by, since an endpoint may have
// both.
func (m *answerMemory) learn(index int, bytes int64) {
	expected := &m.expected[index]
	before := expected.Load()
	now := max(bytes, before/2)
	if now <= largeAnswer {
		now = 0
	}
	if now != before {
		expected.Store(now)
	}
	if before == unknownSize {
		m.first[index].end()
	}
}

// reserveAnswer reserves the memory that the response is expected to take, and
// reports whether there was enough.
func (d *door) reserveAnswer() bool {
	m := &d.server.answers
	expected := m.expected[d.endpoint.Index].Load()
	if expected <= 0 {
		return true
	}
	if !m.admit(d.conn.shard, expected) {
		return false
	}
	d.answer = expected
	return true
}

// countAnswer counts the body of the response, in place of what was reserved for it.
func (d *door) countAnswer(status int, body []byte) {
	size := int64(len(body))
	if size <= largeAnswer && d.answer == 0 && !d.early {
		return
	}
	switch {
	case size <= largeAnswer:
		size = 0
	case size > maxPooledResponse:
		size = int64(cap(body)) // which is kept
	}
	m := &d.server.answers
	if d.endpoint != nil && !d.endpoint.Streams && status < 300 && string(d.conn.head.Method) != http.MethodOptions { // an error, or a preflight request, says nothing of other responses
		m.learn(d.endpoint.Index, size)
	}
	m.resize(d.conn.shard, d.answer, size)
	d.answer = size
}

// releaseAnswer gives back what the response took, which was sent or never will be.
func (d *door) releaseAnswer() {
	d.leaveFirst()
	if d.answer > 0 {
		d.server.answers.resize(d.conn.shard, d.answer, 0)
		d.answer = 0
	}
}
