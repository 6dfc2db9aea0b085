package worker

import "time"

// Metrics counts what a worker does. Its methods may be called concurrently.
// Package background/metrics implements it for Prometheus.
type Metrics interface {
	// Listed names the tasks of a worker before it begins.
	Listed(tasks []string)

	// Ran counts a run of a task or an attempt of a job. outcome is "ok",
	// "failed" or "panic".
	Ran(job bool, name, outcome string, ended time.Time, took time.Duration)

	// Missed counts times of a task's schedule for which it did not run.
	Missed(task string, ticks int)

	// Resumed counts a run that another worker had begun and not finished.
	Resumed(task string)
}

type noMetrics struct{}

func (noMetrics) Listed([]string)                                    {}
func (noMetrics) Ran(bool, string, string, time.Time, time.Duration) {}
func (noMetrics) Missed(string, int)                                 {}
func (noMetrics) Resumed(string)                                     {}
