package server

import "net/http"

// healthPath is where load balancers ask whether to send requests here.
const healthPath = "/healthz"

// answerHealth answers 200, and 503 while the server ends and no other process
// takes its place.
func (d *door) answerHealth() {
	if d.server.away.Load() {
		d.Answer(http.StatusServiceUnavailable, []byte(unavailable))
		return
	}
	d.Answer(http.StatusOK, []byte(`{"status":"ok"}`))
}

func (d *door) isHealthCheck() bool { return d.endpoint == nil && string(d.path()) == healthPath }
