package worker

import (
	"cmp"
	"fmt"
	"log/slog"

	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/engine"
	"github.com/apiphant/apiphant/database"
)

// Drivers returns the drivers of a product's engines, for [database.Open].
func Drivers(product *background.Product) (drivers []database.Driver) {
	for _, engine := range engines(product) {
		drivers = append(drivers, engine.Driver())
	}
	return drivers
}

// Open returns the tasks and jobs of a product in an open database, by the
// engine that has the database's driver.
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
