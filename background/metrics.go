package background

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are what Prometheus can ask a worker: a [prometheus.Collector]. Make
// it with [NewMetrics]; nil counts nothing.
type Metrics struct {
	runs    *prometheus.CounterVec
	took    *prometheus.HistogramVec
	success *prometheus.GaugeVec
	missed  *prometheus.CounterVec
	resumed *prometheus.CounterVec
	queues  atomic.Pointer[queues] // nil: there are none
}

// NewMetrics returns metrics of one worker.
func NewMetrics() *Metrics {
	const prefix = "apiphant_background_"
	labels := []string{"kind", "name"}
	return &Metrics{
		runs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: prefix + "runs_total", Help: "Runs of tasks and attempts of jobs, by outcome: ok, failed, panic.",
		}, append(labels, "outcome")),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: prefix + "run_seconds", Help: "How long they took.",
			Buckets: []float64{.001, .01, .1, 1, 10, 60, 600, 3600},
		}, labels),
		success: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: prefix + "last_success_timestamp_seconds", Help: "When the last run that succeeded ended, in this worker.",
		}, labels),
		missed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: prefix + "missed_ticks_total", Help: "Times of a task's schedule that were not run for.",
		}, []string{"name"}),
		resumed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: prefix + "resumed_runs_total", Help: "Runs of a task that another worker had begun and did not finish.",
		}, []string{"name"}),
	}
}

func (m *Metrics) counted() []prometheus.Collector {
	return []prometheus.Collector{m.runs, m.took, m.success, m.missed, m.resumed}
}

// Describe is part of [prometheus.Collector].
func (m *Metrics) Describe(descriptions chan<- *prometheus.Desc) {
	for _, collector := range append(m.counted(), &queues{}) {
		collector.Describe(descriptions)
	}
}

// Collect is part of [prometheus.Collector].
func (m *Metrics) Collect(metrics chan<- prometheus.Metric) {
	for _, collector := range m.counted() {
		collector.Collect(metrics)
	}
	if queues := m.queues.Load(); queues != nil {
		queues.Collect(metrics)
	}
}

func (m *Metrics) ran(run run, outcome outcome, started time.Time, took time.Duration) {
	if m == nil {
		return
	}
	kind, result := "task", "ok"
	if run.job {
		kind = "job"
	}
	switch {
	case outcome.panicked:
		result = "panic"
	case outcome.err != nil:
		result = "failed"
	default:
		m.success.WithLabelValues(kind, run.name).Set(float64(started.Add(took).UnixMilli()) / 1000)
	}
	m.runs.WithLabelValues(kind, run.name, result).Inc()
	m.took.WithLabelValues(kind, run.name).Observe(took.Seconds())
}

// begin makes the series of tasks that did not run yet.
func (m *Metrics) begin(plan *plan) {
	if m == nil {
		return
	}
	for _, t := range plan.tasks {
		m.missed.WithLabelValues(t.Name)
		for _, outcome := range []string{"ok", "failed", "panic"} {
			m.runs.WithLabelValues("task", t.Name, outcome)
		}
	}
}

func (m *Metrics) missedTicks(task string, n int) {
	if m != nil && n > 0 {
		m.missed.WithLabelValues(task).Add(float64(n))
	}
}

func (m *Metrics) resumedRun(task string) {
	if m != nil {
		m.resumed.WithLabelValues(task).Inc()
	}
}

// watch adds how the queues of a database are, asked for when Prometheus asks.
func (m *Metrics) watch(database Database) {
	if m != nil {
		m.queues.Store(&queues{database})
	}
}

type queues struct{ database Database }

var (
	depthDesc  = prometheus.NewDesc("apiphant_background_queue_depth", "Jobs that are not done, by queue and state.", []string{"queue", "state"}, nil)
	oldestDesc = prometheus.NewDesc("apiphant_background_oldest_job_age_seconds", "For how long the oldest job that could run has waited.", []string{"queue"}, nil)
	leaderDesc = prometheus.NewDesc("apiphant_background_leader", "1 in the worker that does the queues' housekeeping.", nil, nil)
)

func (q *queues) Describe(descriptions chan<- *prometheus.Desc) {
	descriptions <- depthDesc
	descriptions <- oldestDesc
	descriptions <- leaderDesc
}

func (q *queues) Collect(metrics chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	stats, err := q.database.Stats(ctx)
	if err != nil {
		metrics <- prometheus.NewInvalidMetric(depthDesc, err)
		return
	}
	for queue, states := range stats.Depth {
		for state, count := range states {
			metrics <- prometheus.MustNewConstMetric(depthDesc, prometheus.GaugeValue, float64(count), queue, state)
		}
		metrics <- prometheus.MustNewConstMetric(oldestDesc, prometheus.GaugeValue, stats.Oldest[queue].Seconds(), queue)
	}
	leads := 0.0
	if stats.Leads {
		leads = 1
	}
	metrics <- prometheus.MustNewConstMetric(leaderDesc, prometheus.GaugeValue, leads)
}
