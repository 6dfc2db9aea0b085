package server

import (
	"cmp"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server/internal/connection"
)

// timeouts are how long the server waits for what has no setting. Header and
// Idle are those of [Server].
type timeouts struct {
	connection.Timeouts

	bodyGrace  time.Duration // without a byte of a body; see connection.Rate
	skip       time.Duration // for the rest of a body that no function has read
	skipUnsent time.Duration // for all of it, where nothing of it came
	handshake  time.Duration // for clients that connect just when the listener is to be closed
	window     time.Duration // of a drain, where Server.DrainWindow does not say
	cancelled  time.Duration // for calls to return once their contexts are cancelled
	first      time.Duration // until more calls of an endpoint run without a response of it, see firstCalls
	sweep      time.Duration // from one look at the running calls to the next
}

var defaultTimeouts = timeouts{
	Timeouts:   connection.DefaultTimeouts,
	bodyGrace:  5 * time.Second,
	skip:       250 * time.Millisecond,
	skipUnsent: 20 * time.Millisecond,
	handshake:  10 * time.Millisecond,
	window:     DefaultDrainWindow,
	cancelled:  time.Second,
	first:      time.Second,
	sweep:      time.Second,
}

// timeoutOf returns how long a call may take; not positive: for ever. endpoint may be nil.
func timeoutOf(api *apiphant.API, endpoint *apiphant.Endpoint) time.Duration {
	timeout := cmp.Or(api.Timeout, apiphant.DefaultTimeout)
	switch {
	case endpoint == nil:
		return timeout
	case endpoint.Streams && !endpoint.RawResponse: // for a sequence that is the time until its first row
		return api.StreamTimeout
	}
	return cmp.Or(endpoint.Timeout, timeout)
}
