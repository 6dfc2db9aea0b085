package worker

import (
	"cmp"
	"fmt"
	"log/slog"

	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/engine"
	"github.com/apiphant/apiphant/database"
)

// Drivers returns the database drivers of a product's engines. They are the
// drivers to pass to [database.Open].
func Drivers(product *background.Product) (drivers []database.Driver) {
	for _, engine := range engines(product) {
		drivers = append(drivers, engine.Driver())
	}
	return drivers
}

// Open returns the store of a product's tasks and jobs in db, which is open. It
// uses the product's engine for the driver of db. It returns an error if there is
// no such engine, or if the definition of a job is wrong. If log is nil, nothing is
// logged.
func Open(product *background.Product, db database.DB, log *slog.Logger) (engine.Database, error) {
	jobs, err := definitions(product)
	if err != nil {
		return nil, err
	}
	for _, engine := range engines(product) {
		if engine.Driver() == db.Driver() {
			return engine.Open(db, jobs, cmp.Or(log, slog.New(slog.DiscardHandler)))
		}
	}
	return nil, fmt.Errorf("the product's Engines() has no engine for a %T", db)
}

func engines(product *background.Product) []engine.Engine {
	if product == nil || product.Engines == nil {
		return nil
	}
	return product.Engines()
}
