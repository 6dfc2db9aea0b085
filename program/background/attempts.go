package background

import (
	"context"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/background/engine"
	"github.com/apiphant/apiphant/background/worker"
)

// Attempts returns a function that makes one attempt of a job, see
// [worker.Worker.Attempt], for doors that are told which one. It logs to [apiphant.Log]
// of its context. ctx is what UseDatabase has returned, or has no database. The
// definitions of tasks and jobs are checked; the error says which is wrong.
func (d Door) Attempts(ctx context.Context) (func(ctx context.Context, name string, attempt engine.Attempt) error, error) {
	product, database := d.Product(), databaseOf(ctx)
	if err := worker.Check(product); err != nil {
		return nil, err
	}
	return func(ctx context.Context, name string, attempt engine.Attempt) error {
		w := &worker.Worker{Product: product, Database: database, Log: apiphant.Log(ctx)}
		return w.Attempt(ctx, name, attempt)
	}, nil
}
