package enginetest

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/engine"
	"github.com/apiphant/apiphant/background/worker"
)

// messages is a log that keeps its messages.
type messages struct {
	mu   sync.Mutex
	text []string
}

func (m *messages) Enabled(context.Context, slog.Level) bool { return true }
func (m *messages) WithAttrs([]slog.Attr) slog.Handler       { return m }
func (m *messages) WithGroup(string) slog.Handler            { return m }

func (m *messages) Handle(_ context.Context, record slog.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.text = append(m.text, record.Message)
	return nil
}

// has reports whether one of the messages has all of these parts.
func (m *messages) has(parts ...string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.ContainsFunc(m.text, func(text string) bool {
		return !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(text, part) })
	})
}

// ticking is a product of tasks for every 100 ms and for every second, and the
// ticks that they run for.
func (s suite) ticking() (product *background.Product, ticks chan time.Time, crontab chan time.Time) {
	product, ticks, crontab = s.product(), make(chan time.Time, 10_000), make(chan time.Time, 10_000)
	product.Tasks = func() []background.Task {
		return []background.Task{
			{Name: "every", Every: 100 * time.Millisecond, Run: func(ctx context.Context) error { ticks <- background.Tick(ctx); return nil }},
			{Name: "cron", Cron: "* * * * * *", Run: func(ctx context.Context) error { crontab <- background.Tick(ctx); return nil }},
		}
	}
	return product, ticks, crontab
}

// clockIsAhead tests that tasks whose last tick is ahead of the clock, since it
// was another one, are run all the same, and that the log says why.
func (s suite) clockIsAhead(t *testing.T) {
	opened := s.open(t, s.NewURL(t))
	product, ticks, crontab := s.ticking()
	ahead := time.Now().Add(10 * time.Minute).UTC()
	must(t, opened.Begin(t.Context(), "every", "every 100ms", ahead), opened.Begin(t.Context(), "cron", "* * * * * *", ahead.Truncate(time.Second)))
	log := &messages{}
	s.work(t, opened, worker.Worker{Log: slog.New(log)}, product)
	for name, from := range map[string]chan time.Time{"every": ticks, "cron": crontab} {
		for _, tick := range await(t, from, 3) {
			if late := time.Since(tick); late < 0 || late > limit {
				t.Errorf("%s ran for %s, %s ago", name, tick, late)
			}
		}
		if !log.has("Task "+name, "ahead of the clock") {
			t.Errorf("the log does not say why %s ran: %q", name, log.text)
		}
	}
}

// clockIsSet tests that a worker follows the clock of the database, which is set
// forth by ten minutes and back again, and not its own.
func (s suite) clockIsSet(t *testing.T) {
	set := &setClock{Database: s.open(t, s.NewURL(t))}
	product, ticks, _ := s.ticking()
	s.work(t, set, worker.Worker{}, product)
	await(t, ticks, 3)
	for _, by := range []time.Duration{10 * time.Minute, 0, -10 * time.Minute, 0} {
		set.set(by)
		eventually(t, "a tick by the clock that was set by "+by.String(), func() bool {
			select {
			case tick := <-ticks:
				return time.Since(tick.Add(-by)).Abs() < time.Minute
			default:
				return false
			}
		})
		before := await(t, ticks, 10)
		if took := before[9].Sub(before[0]); took > 10*time.Second {
			t.Errorf("by a clock set by %s, ten ticks of 100 ms took %s", by, took)
		}
	}
}

// setClock is a database whose clock is set.
type setClock struct {
	engine.Database
	mu sync.Mutex
	by time.Duration
}

func (c *setClock) set(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.by = by
}

func (c *setClock) Read(ctx context.Context) (engine.State, error) {
	state, err := c.Database.Read(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	state.Now = state.Now.Add(c.by)
	return state, err
}
