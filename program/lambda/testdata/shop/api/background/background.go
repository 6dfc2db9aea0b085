package background

import (
	"context"
	"log/slog"

	"github.com/apiphant/apiphant/background"
)

func Tasks() []background.Task { return []background.Task{background.Seconds(60, CleanUp)} }

func CleanUp(ctx context.Context) error { panic("on purpose") }

func OnError(ctx context.Context, failure background.Failure) error {
	slog.InfoContext(ctx, "OnError was called for "+failure.Task)
	return nil
}
