package deploy

import (
	"context"
	"fmt"
	"io"
)

// step is a part of a plan. It says what it does before it does it, and may say
// how that went: "is there already".
type step struct {
	what string
	do   func(ctx context.Context) (outcome string, err error)
}

// follow does the steps one after the other, or only tells them. The first that
// fails ends it.
func follow(ctx context.Context, out io.Writer, steps []step, dryRun bool) error {
	for i, step := range steps {
		fmt.Fprintf(out, "%2d. %s", i+1, step.what)
		if dryRun {
			fmt.Fprintln(out)
			continue
		}
		fmt.Fprint(out, " … ")
		outcome, err := step.do(ctx)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			fmt.Fprintln(out, "failed")
			return fmt.Errorf("%s: %w", step.what, err)
		}
		if outcome == "" {
			outcome = "done"
		}
		fmt.Fprintln(out, outcome)
	}
	return nil
}
