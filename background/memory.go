package background

import (
	"context"
	"sync"
	"time"
)

// memory is the Ledger of one worker without a database.
type memory struct {
	mu      sync.Mutex
	entries map[string]Entry
}

func (m *memory) Begin(_ context.Context, task, spec string, first time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.entries[task] = Entry{Spec: spec, Tick: first}
	return nil
}

func (m *memory) Read(context.Context) (map[string]Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	entries := make(map[string]Entry, len(m.entries))
	for name, entry := range m.entries {
		entries[name] = entry
	}
	return entries, nil
}

func (m *memory) Claim(_ context.Context, task string, seen Entry, tick time.Time) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.entries[task] = Entry{Spec: seen.Spec, Tick: tick, Tries: 1}
	return true, nil
}

func (m *memory) Release(context.Context, string, bool) error { return nil }

func (m *memory) Keep(ctx context.Context, _ func()) error {
	<-ctx.Done()
	return nil
}
