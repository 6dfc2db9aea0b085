// Package background has the tasks that apiphant-background runs on their schedules.
package background

import (
	"context"

	"github.com/apiphant/apiphant/background"
)

func Tasks() []background.Task {
	return []background.Task{
		background.Seconds(60, UpdateSomething),
		background.Cron("0 3 * * *", CleanUp),
	}
}

func UpdateSomething(ctx context.Context) error { return nil }
func CleanUp(ctx context.Context) error         { return nil }
