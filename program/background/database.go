package background

import (
	"context"
	"fmt"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/background/engine"
	"github.com/apiphant/apiphant/background/worker"
	"github.com/apiphant/apiphant/database"
)

type databaseKey struct{}

// Drivers implements [program.Storage].
func (d Door) Drivers() []database.Driver { return worker.Drivers(d.Product()) }

// UseDatabase implements [program.Storage]: the context that it returns is one
// in which jobs can be enqueued.
func (d Door) UseDatabase(ctx context.Context, db database.DB, migrate bool) (context.Context, error) {
	jobs, err := worker.Open(d.Product(), db, apiphant.Log(ctx))
	if err != nil {
		return ctx, err
	}
	if migrate {
		if err := jobs.Migrate(ctx); err != nil {
			return ctx, fmt.Errorf("can't bring the tables of the database up to date: %w", err)
		}
	} else if err := jobs.Migrated(ctx); err != nil {
		return ctx, err
	}
	return context.WithValue(engine.WithQueue(ctx, jobs), databaseKey{}, jobs), nil
}

// databaseOf returns the tasks and jobs in the database of ctx, or nil.
func databaseOf(ctx context.Context) engine.Database {
	jobs, _ := ctx.Value(databaseKey{}).(engine.Database)
	return jobs
}
