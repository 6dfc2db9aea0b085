package server

import "net/http"

// healthPath is where load balancers ask whether to send requests here.
const healthPath = "/healthz"

// answerHealth answers 200, and 503 while draining.
func (d *door) answerHealth() {
	if d.server.draining.Load() {
		d.Answer(http.StatusServiceUnavailable, []byte(`{"error":"503 Service Unavailable"}`))
		return
	}
	d.Answer(http.StatusOK, []byte(`{"status":"ok"}`))
}
