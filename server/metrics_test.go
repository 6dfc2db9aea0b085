package server_test

import (
	"context"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server"
)

// scrape returns the lines of the metrics that a pattern matches, sorted.
func scrape(t testing.TB, metrics *server.Metrics, pattern string) (lines []string) {
	t.Helper()
	registry := prometheus.NewPedanticRegistry() // which checks what is collected
	registry.MustRegister(metrics)
	w := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("got %d %s", w.Code, w.Body)
	}
	match := regexp.MustCompile(pattern)
	for line := range strings.Lines(w.Body.String()) {
		if !strings.HasPrefix(line, "#") && match.MatchString(line) {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	slices.Sort(lines)
	return lines
}

// TestMetrics counts requests of all kinds: every one once, what it was about
// only where it is a route.
func TestMetrics(t *testing.T) {
	api := connectionAPI()
	metrics := server.NewMetrics(api)
	s := &server.Server{MaxBody: 100, Metrics: metrics}
	running := start(t, api, s)
	c := running.dial()
	for _, request := range []string{
		post("/api/v0/echo/read", `{"a":1}`),
		post("/api/v0/echo/read", `{"a":1}`),
		post("/api/v0/echo/read", `nonsense`),
		post("/api/v0/nothing/read", ``),
		post("/api/v0/fail/read", ``),
		"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n",
		"DELETE /api/v0/echo/read HTTP/1.1\r\nHost: test\r\n\r\n",
		"GET /api/v0/raw/read HTTP/1.1\r\nHost: test\r\n\r\n",
		"GET /api/v0/flush/read HTTP/1.1\r\nHost: test\r\n\r\n",
		"POST /api/v0/fail/create HTTP/1.1\r\nHost: test\r\n\r\n",
		"POST /api/v0/echo/read HTTP/1.1\r\nHost: test\r\nContent-Length: 101\r\n\r\n",
	} {
		c.ask(request)
	}
	c.wantClosed()
	for _, request := range []string{
		"nonsense\r\n\r\n",
		"POST /api/v0/echo/read HTTP/1.1\r\nHost: test\r\nX: " + strings.Repeat("x", server.DefaultMaxHeader) + "\r\n\r\n",
		"POST /api/v0/echo/read HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 101\r\n\r\n",
	} {
		c = running.dial()
		c.ask(request)
		c.wantClosed()
	}
	s.ShedOne()
	want := strings.Split(`apiphant_accept_failures_total 0
apiphant_connections 0
apiphant_connections_accepted_total 4
apiphant_connections_hijacked 0
apiphant_panics_total{route="/api/v0/fail/create"} 1
apiphant_panics_total{route="/api/v0/fail/read"} 1
apiphant_request_size_bytes_count 14
apiphant_request_size_bytes_sum 22
apiphant_requests_in_flight 0
apiphant_requests_total{route="",status="200"} 0
apiphant_requests_total{route="",status="400"} 1
apiphant_requests_total{route="",status="404"} 1
apiphant_requests_total{route="",status="431"} 1
apiphant_requests_total{route="/api/v0/echo/read",status="200"} 2
apiphant_requests_total{route="/api/v0/echo/read",status="400"} 1
apiphant_requests_total{route="/api/v0/echo/read",status="413"} 2
apiphant_requests_total{route="/api/v0/echo/read",status="501"} 1
apiphant_requests_total{route="/api/v0/fail/create",status="200"} 0
apiphant_requests_total{route="/api/v0/fail/create",status="500"} 1
apiphant_requests_total{route="/api/v0/fail/read",status="200"} 0
apiphant_requests_total{route="/api/v0/fail/read",status="500"} 1
apiphant_requests_total{route="/api/v0/flush/read",status="200"} 1
apiphant_requests_total{route="/api/v0/part/read",status="200"} 0
apiphant_requests_total{route="/api/v0/raw/read",status="200"} 1
apiphant_requests_total{route="/healthz",status="200"} 1
apiphant_response_size_bytes_count 14
apiphant_shed_total{reason="address"} 1
apiphant_shed_total{reason="connections"} 1
apiphant_shed_total{reason="memory"} 1
apiphant_shed_total{reason="running"} 1`, "\n")
	got := scrape(t, metrics, `^apiphant_(accept|conn|panics.* 1|request_size_bytes_[cs]|requests_in|requests_total|response_size_bytes_count|shed)`)
	if difference := cmp.Diff(want, got); difference != "" {
		t.Error(difference)
	}
	want = strings.Split(`apiphant_request_duration_seconds_bucket{route="/api/v0/echo/read",le="+Inf"} 6
apiphant_request_duration_seconds_bucket{route="/api/v0/echo/read",le="30"} 6
apiphant_request_duration_seconds_count{route="/api/v0/echo/read"} 6
apiphant_request_size_bytes_bucket{le="+Inf"} 14
apiphant_request_size_bytes_bucket{le="0"} 11
apiphant_request_size_bytes_bucket{le="256"} 14`, "\n")
	got = scrape(t, metrics, `^apiphant_request_(duration.*_count.*echo/read|duration.*echo/read.*le="(30|.Inf)"|size_bytes_bucket.*"(0|256|.Inf)")`)
	if difference := cmp.Diff(want, got); difference != "" {
		t.Error(difference)
	}
}

// TestMetricsWhileRunning looks at a call that runs, and at how late it ends.
func TestMetricsWhileRunning(t *testing.T) {
	begun, release := make(chan struct{}), make(chan struct{})
	api := echo()
	api.Timeout = time.Nanosecond
	api.Handle("v0/held", apiphant.Actions{Read: apiphant.Proc(func(context.Context, apiphant.Object) error {
		begun <- struct{}{}
		<-release
		return nil
	})})
	metrics := server.NewMetrics(api)
	running := start(t, api, &server.Server{Metrics: metrics})
	c := running.dial()
	c.send(post("/api/v0/held/read", ""))
	wait(t, "the call begins", begun)
	const pattern = `^apiphant_(connections |requests_in_flight|requests_running|requests_past.*held)`
	want := []string{`apiphant_connections 1`, `apiphant_requests_in_flight 1`, `apiphant_requests_past_deadline_total{route="/api/v0/held/read"} 0`, `apiphant_requests_running 1`}
	if difference := cmp.Diff(want, scrape(t, metrics, pattern)); difference != "" {
		t.Error(difference)
	}
	close(release)
	c.receive("POST")
	want = []string{`apiphant_connections 1`, `apiphant_requests_in_flight 0`, `apiphant_requests_past_deadline_total{route="/api/v0/held/read"} 1`, `apiphant_requests_running 0`}
	if difference := cmp.Diff(want, scrape(t, metrics, pattern)); difference != "" {
		t.Error(difference)
	}
}

// BenchmarkMetrics is what counting costs a request.
func BenchmarkMetrics(b *testing.B) {
	api := echo()
	for _, bb := range []struct {
		name    string
		metrics *server.Metrics
	}{{"off", nil}, {"on", server.NewMetrics(api)}} {
		b.Run(bb.name, func(b *testing.B) {
			count := (&server.Server{API: api, Metrics: bb.metrics}).Count(api.Routes()[0])
			b.ReportAllocs()
			for b.Loop() {
				count()
			}
		})
	}
}
