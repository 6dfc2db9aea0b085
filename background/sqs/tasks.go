package sqs

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/apiphant/apiphant/background/engine"
)

// tasks is the ledger of a queue, which can't keep one: all tasks are taken, since
// EventBridge runs them. They can be held, with which --once runs one.
type tasks struct {
	mu      sync.Mutex
	entries map[string]engine.Entry
}

func (q *queue) Begin(_ context.Context, task, spec string, first time.Time) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.entries == nil {
		q.entries = map[string]engine.Entry{}
	}
	q.entries[task] = engine.Entry{Spec: spec, Tick: first, Busy: true}
	q.log.Warn("Task " + task + " is not run here on its schedule, which SQS can't keep: let a rule or schedule of EventBridge of that name call the Lambda function")
	return nil
}

func (t *tasks) Read(context.Context) (engine.State, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return engine.State{Now: time.Now().Round(0), Tasks: maps.Clone(t.entries)}, nil
}

func (*tasks) Claim(context.Context, string, engine.Entry, time.Time) (bool, error) {
	return false, nil
}

func (*tasks) Release(context.Context, string, bool) error { return nil }

func (*tasks) TakeBack(context.Context, string, engine.Entry, time.Time) error { return nil }

func (*tasks) Hold(context.Context, string) (bool, error) { return true, nil }

func (*tasks) Free(context.Context, string) error { return nil }

func (*tasks) Heartbeat(ctx context.Context, _ func()) error {
	<-ctx.Done()
	return nil
}
