package sqlite_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/engine"
	"github.com/apiphant/apiphant/background/sqlite"
	"github.com/apiphant/apiphant/background/worker"
	"github.com/apiphant/apiphant/database"
)

func Example() {
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)

	ctx, cancel := context.WithCancel(context.Background())
	greet := background.NewJob("greet", func(_ context.Context, name string) error {
		fmt.Println("hello", name)
		cancel() // there is nothing else to do
		return nil
	})
	product := &background.Product{
		Engines: func() []background.Engine { return []background.Engine{sqlite.Engine()} },
		Jobs:    func() []background.AnyJob { return []background.AnyJob{greet} },
	}
	db, err := database.Open(ctx, "sqlite://"+filepath.Join(folder, "jobs.db"), worker.Drivers(product)...)
	if err != nil {
		panic(err)
	}
	defer db.Close()
	jobs, err := worker.Open(product, db, nil)
	if err != nil {
		panic(err)
	}
	if err := jobs.Migrate(ctx); err != nil {
		panic(err)
	}
	if err := greet.Enqueue(engine.WithQueue(ctx, jobs), "world"); err != nil {
		panic(err)
	}
	err = (&worker.Worker{Product: product, Database: jobs}).Run(ctx)
	fmt.Println(err)
	// Output:
	// hello world
	// <nil>
}
