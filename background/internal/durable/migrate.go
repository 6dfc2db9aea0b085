package durable

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/apiphant/apiphant/database"
)

// tables are those of the ledger. A worker without a row in the first one is not
// alive.
var tables = []struct{ name, create string }{
	{"apiphant_worker", `CREATE TABLE IF NOT EXISTS apiphant_worker (id TEXT PRIMARY KEY, beat BIGINT NOT NULL)`},
	{"apiphant_task", `CREATE TABLE IF NOT EXISTS apiphant_task (
		name   TEXT PRIMARY KEY,
		spec   TEXT NOT NULL,
		tick   BIGINT NOT NULL,            -- the last one that was taken, in nanoseconds since 1970
		worker TEXT,                       -- who has the task; NULL: nobody; '': nobody, and tick is to be repeated
		tries  INTEGER NOT NULL DEFAULT 0, -- how often tick was taken
		holder TEXT                        -- who keeps others from taking it; NULL: nobody
	)`},
}

// Migrate implements [engine.Database].
func (d *Database[Tx]) Migrate(ctx context.Context) error {
	return database.Migrate(ctx, d.db, d.log, database.Migration{
		Pending: func(ctx context.Context) (bool, error) {
			missing, err := d.missing(ctx)
			return missing != "", err
		},
		Apply: d.createTables,
	})
}

// Migrated implements [engine.Database].
func (d *Database[Tx]) Migrated(ctx context.Context) error {
	missing, err := d.missing(ctx)
	if err == nil && missing != "" {
		err = errors.New(missing)
	}
	if err != nil {
		return fmt.Errorf("its tables are missing or out of date; --migrate brings them up to date: %w", err)
	}
	return nil
}

// missing returns what a migration would add, "" if all is up to date.
func (d *Database[Tx]) missing(ctx context.Context) (string, error) {
	migrator, err := rivermigrate.New(d.driver, &rivermigrate.Config{Logger: d.river})
	if err != nil {
		return "", err
	}
	valid, err := migrator.Validate(ctx, nil)
	if err != nil || !valid.OK {
		return strings.Join(append([]string{"River's tables"}, messages(valid)...), ": "), err
	}
	for _, table := range tables {
		exists, err := d.driver.GetExecutor().TableExists(ctx, &riverdriver.TableExistsParams{Table: table.name})
		if err != nil || !exists {
			return "table " + table.name, err
		}
	}
	if exists, err := d.hasHolder(ctx); err != nil || !exists {
		return "column apiphant_task.holder", err
	}
	return "", nil
}

// hasHolder reports whether apiphant_task has the column that it did not have at
// first.
func (d *Database[Tx]) hasHolder(ctx context.Context) (bool, error) {
	return d.driver.GetExecutor().ColumnExists(ctx, &riverdriver.ColumnExistsParams{Table: "apiphant_task", Column: "holder"})
}

func messages(result *rivermigrate.ValidateResult) []string {
	if result == nil {
		return nil
	}
	return result.Messages
}

func (d *Database[Tx]) createTables(ctx context.Context) error {
	migrator, err := rivermigrate.New(d.driver, &rivermigrate.Config{Logger: d.river})
	if err != nil {
		return err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return err
	}
	for _, table := range tables {
		if _, err := d.sql.Exec(ctx, table.create); err != nil {
			return err
		}
	}
	exists, err := d.hasHolder(ctx)
	if err == nil && !exists {
		_, err = d.sql.Exec(ctx, "ALTER TABLE apiphant_task ADD COLUMN holder TEXT")
	}
	return err
}
