package deploy

import (
	"context"
	"fmt"
	"io"
)

// step is one step of a plan. what is printed before the step, and the outcome that
// do returns after it; "" is printed as "done".
type step struct {
	what string
	do   func(ctx context.Context) (outcome string, err error)
}

// follow runs the steps in order, and stops at the first error. With dryRun it only
// prints them.
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
