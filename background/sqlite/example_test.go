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
		cancel() // it is all that there is to do
		return nil
	})
	product := &background.Product{
		Engines: func() []background.Engine { return []background.Engine{sqlite.Engine()} },
		Jobs:    func() []background.AnyJob { return []background.AnyJob{greet} },
	}
	database, err := worker.Open(ctx, product, "sqlite://"+filepath.Join(folder, "jobs.db"), nil)
	if err != nil {
		panic(err)
	}
	defer database.Close()
	if err := database.Migrate(ctx); err != nil {
		panic(err)
	}
	if err := greet.Enqueue(engine.WithQueue(ctx, database), "world"); err != nil {
		panic(err)
	}
	err = (&worker.Worker{Product: product, Database: database}).Run(ctx)
	fmt.Println(err)
	// Output:
	// hello world
	// <nil>
}
