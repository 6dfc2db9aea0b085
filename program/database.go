package program

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/pflag"

	"github.com/apiphant/apiphant/background/engine"
	"github.com/apiphant/apiphant/background/worker"
	"github.com/apiphant/apiphant/database"
)

func addDatabaseFlags(flags *pflag.FlagSet, database *string, migrate *bool) {
	flags.StringVar(database, "database", "", "keep jobs and ticks there: sqlite:///path or postgres://… as `URL`")
	flags.BoolVar(migrate, "migrate-at-start", true, "bring the database's tables up to date when the program starts")
}

// store is the database of a running program, and the tasks and jobs in it. It
// is nil in a program without a database.
type store struct {
	database.DB
	jobs engine.Database
}

// openDatabase opens the database of a URL, and returns a context in which the
// product finds it. "" is no database.
func (p Product) openDatabase(ctx context.Context, url string, migrate bool, log *slog.Logger) (context.Context, *store, error) {
	if url == "" {
		return ctx, nil, nil
	}
	db, err := database.Open(ctx, url, worker.Drivers(p.Background)...)
	if err != nil {
		return ctx, nil, explainOpen(err)
	}
	jobs, err := worker.Open(p.Background, db, log)
	if err == nil && migrate {
		if err = jobs.Migrate(ctx); err != nil {
			err = fmt.Errorf("can't bring the tables of the database up to date: %w", err)
		}
	} else if err == nil {
		err = jobs.Migrated(ctx)
	}
	if err != nil {
		db.Close()
		return ctx, nil, err
	}
	return engine.WithQueue(database.With(ctx, db), jobs), &store{db, jobs}, nil
}

// explainOpen says of an error of [database.Open] what to do.
func explainOpen(err error) error {
	if errors.Is(err, database.ErrURL) {
		return UsageError{fmt.Errorf("--database: %w", err)}
	}
	var none *database.NoDriverError
	if !errors.As(err, &none) {
		return fmt.Errorf("--database %w", err)
	}
	packages := map[string]string{"postgres": "postgres", "postgresql": "postgres", "sqlite": "sqlite"}
	name, known := packages[none.Scheme]
	if !known {
		return UsageError{fmt.Errorf("--database: there is no engine for %s: %w", none.Scheme, database.ErrURL)}
	}
	return fmt.Errorf("--database %s: the product is built without this engine. Add to api/background:\n\n"+
		"\timport \"github.com/apiphant/apiphant/background/%s\"\n\n"+
		"\tfunc Engines() []background.Engine { return []background.Engine{%[2]s.Engine()} }", none.URL, name)
}

// queue is the database of a worker, nil for none.
func (s *store) queue() engine.Database {
	if s == nil {
		return nil
	}
	return s.jobs
}

// pingTimeout bounds how long the database may take to answer that it is there.
const pingTimeout = 2 * time.Second

// answers reports whether the database answers, if there is one.
func (s *store) answers(ctx context.Context) bool {
	if s == nil {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	return s.Ping(ctx) == nil
}

// Close closes the database.
func (s *store) Close() {
	if s != nil {
		s.DB.Close()
	}
}

var (
	connectionsDesc = prometheus.NewDesc("apiphant_database_connections", "Connections of the pool, by state: in_use, idle.", []string{"state"}, nil)
	maxDesc         = prometheus.NewDesc("apiphant_database_connections_max", "How many connections the pool may have.", nil, nil)
	waitsDesc       = prometheus.NewDesc("apiphant_database_waits_total", "How often a connection was waited for.", nil, nil)
	waitedDesc      = prometheus.NewDesc("apiphant_database_wait_seconds_total", "How long connections were waited for.", nil, nil)
)

// Describe is part of [prometheus.Collector].
func (s *store) Describe(descriptions chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{connectionsDesc, maxDesc, waitsDesc, waitedDesc} {
		descriptions <- desc
	}
}

// Collect is part of [prometheus.Collector].
func (s *store) Collect(metrics chan<- prometheus.Metric) {
	stats := s.Stats()
	metrics <- prometheus.MustNewConstMetric(connectionsDesc, prometheus.GaugeValue, float64(stats.InUse), "in_use")
	metrics <- prometheus.MustNewConstMetric(connectionsDesc, prometheus.GaugeValue, float64(stats.Idle), "idle")
	metrics <- prometheus.MustNewConstMetric(maxDesc, prometheus.GaugeValue, float64(stats.Max))
	metrics <- prometheus.MustNewConstMetric(waitsDesc, prometheus.CounterValue, float64(stats.Waits))
	metrics <- prometheus.MustNewConstMetric(waitedDesc, prometheus.CounterValue, stats.Waited.Seconds())
}
