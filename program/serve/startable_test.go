package serve_test

import (
	"context"
	"errors"
	"io"
	"log"
	"log/slog"
	"os"

	"github.com/apiphant/apiphant"
)

// startEnv names the Start of a product of these tests.
const startEnv = "APIPHANT_TEST_START"

var starts = map[string]func(context.Context) error{
	// Waits for standard input, whose text is its error.
	"waits": func(context.Context) error {
		log.Print("Start waits")
		text, err := io.ReadAll(os.Stdin)
		if len(text) > 0 {
			return errors.New(string(text))
		}
		return err
	},
	"panics": func(context.Context) error { panic("on purpose") },
	"logs": func(ctx context.Context) error {
		log.SetPrefix("prefix: ")
		log.Print("by log")
		slog.Warn("by slog", "n", 1)
		slog.With("m", 2).WithGroup("g").InfoContext(ctx, "by slog with", "n", 1)
		return nil
	},
	"is fatal": func(context.Context) error { log.Fatal("no luck"); return nil },
	"sets its log": func(context.Context) error {
		ownLog()
		return nil
	},
}

// ownLog is what a product does that has a log of its own.
func ownLog() { slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, nil)).With("own", true)) }

// talk logs in each way that a function has.
func talk(ctx context.Context, _ apiphant.Object) error {
	log.Print("a call, by log")
	slog.InfoContext(ctx, "a call, by slog", "n", 1)
	slog.With("m", 2).WithGroup("g").ErrorContext(ctx, "a call, by slog with", "n", 1)
	slog.Info("a call, by slog without context")
	derived := apiphant.WithLog(ctx, slog.Default().With("derived", true))
	slog.InfoContext(derived, "a call, by a logger of its own")
	return nil
}
