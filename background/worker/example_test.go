package worker_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/worker"
)

func UpdateSomething(context.Context) error { return nil }
func CleanUp(context.Context) error         { return errors.New("the disk is gone") }

func tasks() []background.Task {
	return []background.Task{
		background.Seconds(60, UpdateSomething),
		{Cron: "30 2 * * *", Zone: "Europe/Berlin", Run: CleanUp, Timeout: 10 * time.Minute},
	}
}

// In the night of the 29th the clock in Berlin goes from 02:00 to 03:00.
func ExampleWorker_List() {
	w := &worker.Worker{Product: &background.Product{Tasks: tasks}}
	err := w.List(os.Stdout, time.Date(2026, 3, 28, 0, 0, 0, 0, time.UTC))
	fmt.Println(err)
	// Output:
	// UpdateSomething  every 1m0s                2026-03-28T00:00:00Z       2026-03-28T00:01:00Z       2026-03-28T00:02:00Z
	// CleanUp          30 2 * * * Europe/Berlin  2026-03-28T02:30:00+01:00  2026-03-29T03:00:00+02:00  2026-03-30T02:30:00+02:00
	// <nil>
}

func ExampleWorker_Once() {
	w := &worker.Worker{Product: &background.Product{
		Tasks: tasks,
		OnError: func(_ context.Context, failure background.Failure) error {
			fmt.Println(failure.Task+":", failure.Err)
			return nil
		},
	}}
	ok, err := w.Once(context.Background(), "CleanUp")
	fmt.Println(ok, err)
	// Output:
	// CleanUp: the disk is gone
	// false <nil>
}
