package program

import (
	"context"
	"errors"
	"fmt"

	"github.com/apiphant/apiphant/database"
	"github.com/apiphant/apiphant/internal/command"
)

// Storage is implemented by a [Door] whose part of the product keeps something
// in the program's database, such as jobs.
type Storage interface {
	// Drivers returns the drivers of the databases that it can be kept in.
	Drivers() []database.Driver

	// UseDatabase returns ctx with what functions need to keep it in db. It
	// brings its tables up to date if migrate is true; if not, tables that are
	// not up to date are an error. It logs to [apiphant.Log] of ctx.
	UseDatabase(ctx context.Context, db database.DB, migrate bool) (context.Context, error)
}

// OpenDatabase opens the one database of the program, which url names, for each
// [Storage] among the doors. It returns the context to call functions with, in
// which [database.Of] finds the database, and a function that closes it. An empty
// url opens nothing.
func (p Product) OpenDatabase(ctx context.Context, url string, migrate bool) (_ context.Context, closeDatabase func(), err error) {
	if url == "" {
		return ctx, func() {}, nil
	}
	var storages []Storage
	var drivers []database.Driver
	for _, door := range p.Doors {
		if storage, ok := door.(Storage); ok {
			storages = append(storages, storage)
			drivers = append(drivers, storage.Drivers()...)
		}
	}
	db, err := database.Open(ctx, url, drivers...)
	if err != nil {
		return ctx, nil, explainOpen(err)
	}
	ctx = database.With(ctx, db)
	for _, storage := range storages {
		if ctx, err = storage.UseDatabase(ctx, db, migrate); err != nil {
			db.Close()
			return ctx, nil, err
		}
	}
	return ctx, db.Close, nil
}

// explainOpen says of an error of [database.Open] what to do.
func explainOpen(err error) error {
	if errors.Is(err, database.ErrURL) {
		return command.UsageError{Err: fmt.Errorf("--database: %w", err)}
	}
	var none *database.NoDriverError
	if !errors.As(err, &none) {
		return fmt.Errorf("--database %w", err)
	}
	packages := map[string]string{"postgres": "postgres", "postgresql": "postgres", "sqlite": "sqlite", "sqs": "sqs"}
	name, known := packages[none.Scheme]
	if !known {
		return command.UsageError{Err: fmt.Errorf("--database: there is no engine for %s: %w", none.Scheme, database.ErrURL)}
	}
	return fmt.Errorf("--database %s: the product is built without this engine. Add to api/background:\n\n"+
		"\timport \"github.com/apiphant/apiphant/background/%s\"\n\n"+
		"\tfunc Engines() []background.Engine { return []background.Engine{%[2]s.Engine()} }", none.URL, name)
}
