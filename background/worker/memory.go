package worker

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/apiphant/apiphant/background/engine"
)

// memory is the ledger of a worker without a database, which has every task to
// itself.
type memory struct {
	mu      sync.Mutex
	entries map[string]engine.Entry
}

func (m *memory) Begin(_ context.Context, task, spec string, first time.Time) error {
	m.set(task, engine.Entry{Spec: spec, Tick: first})
	return nil
}

func (m *memory) Read(context.Context) (engine.State, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return engine.State{Now: time.Now().Round(0), Tasks: maps.Clone(m.entries)}, nil
}

func (m *memory) Claim(_ context.Context, task string, seen engine.Entry, tick time.Time) (bool, error) {
	m.set(task, engine.Entry{Spec: seen.Spec, Tick: tick, Tries: 1})
	return true, nil
}

func (m *memory) set(task string, entry engine.Entry) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.entries[task] = entry
}

func (m *memory) Release(context.Context, string, bool) error { return nil }

func (m *memory) TakeBack(_ context.Context, task string, seen engine.Entry, tick time.Time) error {
	m.set(task, engine.Entry{Spec: seen.Spec, Tick: tick})
	return nil
}

func (m *memory) Hold(context.Context, string) (bool, error) { return true, nil }

func (m *memory) Free(context.Context, string) error { return nil }

func (m *memory) Heartbeat(ctx context.Context, _ func()) error {
	<-ctx.Done()
	return nil
}
