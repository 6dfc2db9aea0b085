package server

import "net/http"

// healthPath is where load balancers ask whether to send requests here.
const healthPath = "/healthz"

// answerHealth answers 200, or 503 while the server drains and no other process
// has taken over.
func (d *door) answerHealth() {
	if d.server.leaving.Load() {
		d.Answer(http.StatusServiceUnavailable, []byte(unavailable))
		return
	}
	d.Answer(http.StatusOK, []byte(`{"status":"ok"}`))
}

func (d *door) isHealthCheck() bool { return d.endpoint == nil && string(d.path()) == healthPath }
