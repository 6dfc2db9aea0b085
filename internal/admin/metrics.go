package admin

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/apiphant/apiphant/database"
	"github.com/apiphant/apiphant/internal/logging"
)

// leftOut collects the number of lines that a log lacks.
type leftOut struct{ log *logging.Log }

var leftOutDesc = prometheus.NewDesc("apiphant_log_lines_left_out_total",
	"Lines that the log lacks: flood, too many from one place; lost, since they could not be written.", []string{"reason"}, nil)

// Describe implements [prometheus.Collector].
func (l leftOut) Describe(descriptions chan<- *prometheus.Desc) { descriptions <- leftOutDesc }

// Collect implements [prometheus.Collector].
func (l leftOut) Collect(metrics chan<- prometheus.Metric) {
	flood, lost := l.log.LeftOut()
	metrics <- prometheus.MustNewConstMetric(leftOutDesc, prometheus.CounterValue, float64(flood), "flood")
	metrics <- prometheus.MustNewConstMetric(leftOutDesc, prometheus.CounterValue, float64(lost), "lost")
}

// pool collects the state of the pool of a database.
type pool struct{ db database.DB }

var (
	connectionsDesc = prometheus.NewDesc("apiphant_database_connections", "Connections of the pool, by state: in_use, idle.", []string{"state"}, nil)
	maxDesc         = prometheus.NewDesc("apiphant_database_connections_max", "How many connections the pool may have.", nil, nil)
	waitsDesc       = prometheus.NewDesc("apiphant_database_waits_total", "How often a connection was waited for.", nil, nil)
	waitedDesc      = prometheus.NewDesc("apiphant_database_wait_seconds_total", "How long connections were waited for.", nil, nil)
)

// Describe implements [prometheus.Collector].
func (p pool) Describe(descriptions chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{connectionsDesc, maxDesc, waitsDesc, waitedDesc} {
		descriptions <- desc
	}
}

// Collect implements [prometheus.Collector].
func (p pool) Collect(metrics chan<- prometheus.Metric) {
	stats := p.db.Stats()
	metrics <- prometheus.MustNewConstMetric(connectionsDesc, prometheus.GaugeValue, float64(stats.InUse), "in_use")
	metrics <- prometheus.MustNewConstMetric(connectionsDesc, prometheus.GaugeValue, float64(stats.Idle), "idle")
	metrics <- prometheus.MustNewConstMetric(maxDesc, prometheus.GaugeValue, float64(stats.Max))
	metrics <- prometheus.MustNewConstMetric(waitsDesc, prometheus.CounterValue, float64(stats.Waits))
	metrics <- prometheus.MustNewConstMetric(waitedDesc, prometheus.CounterValue, stats.Waited.Seconds())
}
