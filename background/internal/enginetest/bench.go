package enginetest

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/engine"
	"github.com/apiphant/apiphant/background/worker"
	"github.com/apiphant/apiphant/database"
)

// Bench measures how many of 10,000 jobs are enqueued and worked in a second,
// with the engine and with River used directly, alternately on the same
// database. The figures that count are the medians of the ratios.
func Bench[Tx any](b *testing.B, tested background.Engine, driver riverdriver.Driver[Tx], url string, log *slog.Logger, clear func()) {
	const jobs, workers, enqueuers, rounds = 10_000, 100, 10, 5
	job := background.NewJob("bench", func(context.Context, benchArgs) error { return nil })
	product := &background.Product{
		Engines: func() []background.Engine { return []background.Engine{tested} },
		Jobs:    func() []background.AnyJob { return []background.AnyJob{job} },
	}
	migrator, err := rivermigrate.New(driver, nil)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := migrator.Migrate(b.Context(), rivermigrate.DirectionUp, nil); err != nil {
		b.Fatal(err)
	}
	ours := func() (enqueue, work time.Duration) {
		db, err := database.Open(b.Context(), url, tested.Driver())
		if err != nil {
			b.Fatal(err)
		}
		defer db.Close()
		opened, err := worker.Open(product, db, log)
		if err != nil {
			b.Fatal(err)
		}
		if err := opened.Migrate(b.Context()); err != nil {
			b.Fatal(err)
		}
		ctx := engine.WithQueue(b.Context(), opened)
		enqueue = inParallel(b, jobs, enqueuers, func(i int) error { return job.Enqueue(ctx, benchArgs{i}) })
		var done atomic.Int32
		all := make(chan struct{})
		counted := background.NewJob("bench", func(context.Context, benchArgs) error { count(&done, jobs, all); return nil })
		running, stop := context.WithCancel(b.Context())
		defer stop()
		w := &worker.Worker{Database: opened, Workers: workers, Log: log, Product: &background.Product{
			Jobs: func() []background.AnyJob { return []background.AnyJob{counted} },
		}}
		began := time.Now()
		ended := make(chan error, 1)
		go func() { ended <- w.Run(running) }()
		<-all
		work = time.Since(began)
		stop()
		if err := <-ended; err != nil {
			b.Fatal(err)
		}
		return enqueue, work
	}
	theirs := func(cooldown time.Duration) (enqueue, work time.Duration) {
		var done atomic.Int32
		all := make(chan struct{})
		known := river.NewWorkers()
		river.AddWorker(known, river.WorkFunc(func(context.Context, *river.Job[benchArgs]) error { count(&done, jobs, all); return nil }))
		client, err := river.NewClient(driver, &river.Config{
			Workers: known, FetchCooldown: cooldown, Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: workers}},
		})
		if err != nil {
			b.Fatal(err)
		}
		inserter, err := river.NewClient(driver, &river.Config{})
		if err != nil {
			b.Fatal(err)
		}
		enqueue = inParallel(b, jobs, enqueuers, func(i int) error {
			_, err := inserter.Insert(b.Context(), benchArgs{i}, nil)
			return err
		})
		began := time.Now()
		if err := client.Start(b.Context()); err != nil {
			b.Fatal(err)
		}
		<-all
		work = time.Since(began)
		if err := client.Stop(b.Context()); err != nil {
			b.Fatal(err)
		}
		return enqueue, work
	}

	var figures [6][]float64
	add := func(i int, d time.Duration) { figures[i] = append(figures[i], jobs/d.Seconds()) }
	for b.Loop() {
		for range rounds {
			for i, side := range []func() (enqueue, work time.Duration){
				ours,
				func() (enqueue, work time.Duration) { return theirs(10 * time.Millisecond) },
				func() (enqueue, work time.Duration) { return theirs(river.FetchCooldownDefault) },
			} {
				clear()
				enqueue, work := side()
				add(2*i, enqueue)
				add(2*i+1, work)
			}
		}
	}
	for i, name := range []string{"enqueued/s", "worked/s", "river-enqueued/s", "river-worked/s", "", "river-default-worked/s"} {
		if name != "" {
			b.ReportMetric(median(figures[i]), name)
		}
	}
	b.ReportMetric(median(ratios(figures[0], figures[2])), "enqueued/river")
	b.ReportMetric(median(ratios(figures[1], figures[3])), "worked/river")
	b.ReportMetric(median(ratios(figures[1], figures[5])), "worked/river-default")
	b.ReportMetric(0, "ns/op")
}

type benchArgs struct {
	Number int `json:"number"`
}

func (benchArgs) Kind() string { return "bench" }

func count(done *atomic.Int32, jobs int32, all chan struct{}) {
	if done.Add(1) == jobs {
		close(all)
	}
}

func inParallel(b *testing.B, n, by int, f func(i int) error) time.Duration {
	began := time.Now()
	var next atomic.Int32
	var group sync.WaitGroup
	for range by {
		group.Go(func() {
			for i := int(next.Add(1)); i <= n; i = int(next.Add(1)) {
				if err := f(i); err != nil {
					b.Error(fmt.Errorf("job %d: %w", i, err))
					return
				}
			}
		})
	}
	group.Wait()
	return time.Since(began)
}

func ratios(a, b []float64) []float64 {
	made := make([]float64, len(a))
	for i := range a {
		made[i] = a[i] / b[i]
	}
	return made
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// Log returns a logger that writes to a file, as that of a worker does.
func Log(b *testing.B) *slog.Logger {
	file, err := os.Create(filepath.Join(b.TempDir(), "log"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { file.Close() })
	return slog.New(slog.NewJSONHandler(file, nil))
}
