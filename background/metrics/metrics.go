// Package metrics counts what a worker does, for Prometheus.
package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/apiphant/apiphant/background/engine"
)

// Metrics are the metrics of one worker: a [prometheus.Collector], and what
// worker.Worker calls to count. Make one with [New].
type Metrics struct {
	runs    *prometheus.CounterVec
	took    *prometheus.HistogramVec
	success *prometheus.GaugeVec
	missed  *prometheus.CounterVec
	resumed *prometheus.CounterVec
	queues  queues
}

// New returns the metrics of a worker. The queues of database are counted when
// Prometheus asks; nil: there are none.
func New(database engine.Database) *Metrics {
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
			Name: prefix + "missed_ticks_total", Help: "Times of a task's schedule for which it did not run.",
		}, []string{"name"}),
		resumed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: prefix + "resumed_runs_total", Help: "Runs of a task that another worker had begun and did not finish.",
		}, []string{"name"}),
		queues: queues{database},
	}
}

func (m *Metrics) counted() []prometheus.Collector {
	return []prometheus.Collector{m.runs, m.took, m.success, m.missed, m.resumed}
}

// Describe is part of [prometheus.Collector].
func (m *Metrics) Describe(descriptions chan<- *prometheus.Desc) {
	for _, collector := range append(m.counted(), m.queues) {
		collector.Describe(descriptions)
	}
}

// Collect is part of [prometheus.Collector].
func (m *Metrics) Collect(metrics chan<- prometheus.Metric) {
	for _, collector := range m.counted() {
		collector.Collect(metrics)
	}
	if m.queues.database != nil {
		m.queues.Collect(metrics)
	}
}

// Listed creates the series of tasks that have not run yet.
func (m *Metrics) Listed(tasks []string) {
	for _, name := range tasks {
		m.missed.WithLabelValues(name)
		for _, outcome := range []string{"ok", "failed", "panic"} {
			m.runs.WithLabelValues("task", name, outcome)
		}
	}
}

// Ran counts a run of a task or an attempt of a job.
func (m *Metrics) Ran(job bool, name, outcome string, ended time.Time, took time.Duration) {
	kind := "task"
	if job {
		kind = "job"
	}
	if outcome == "ok" {
		m.success.WithLabelValues(kind, name).Set(float64(ended.UnixMilli()) / 1000)
	}
	m.runs.WithLabelValues(kind, name, outcome).Inc()
	m.took.WithLabelValues(kind, name).Observe(took.Seconds())
}

// Missed counts times of a task's schedule for which it did not run.
func (m *Metrics) Missed(task string, ticks int) {
	m.missed.WithLabelValues(task).Add(float64(ticks))
}

// Resumed counts a run that another worker had begun and not finished.
func (m *Metrics) Resumed(task string) { m.resumed.WithLabelValues(task).Inc() }

// queues collects the state of a database's queues.
type queues struct{ database engine.Database }

var (
	depthDesc  = prometheus.NewDesc("apiphant_background_queue_depth", "Jobs that are not done, by queue and state.", []string{"queue", "state"}, nil)
	oldestDesc = prometheus.NewDesc("apiphant_background_oldest_job_age_seconds", "How long the oldest available job has waited.", []string{"queue"}, nil)
	leaderDesc = prometheus.NewDesc("apiphant_background_leader", "1 in the worker that does the maintenance of the queues.", nil, nil)
)

func (q queues) Describe(descriptions chan<- *prometheus.Desc) {
	descriptions <- depthDesc
	descriptions <- oldestDesc
	descriptions <- leaderDesc
}

func (q queues) Collect(metrics chan<- prometheus.Metric) {
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
