package deploy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"github.com/apiphant/apiphant/internal/command"
)

// bounds are the widest bounds that actions of the product have of their own, which
// nginx must not narrow.
type bounds struct {
	timeout time.Duration // below 0: an action has none
	body    command.Size
}

// askBounds asks a program of the product for the bounds of its actions.
func askBounds(ctx context.Context, program string) (b bounds, err error) {
	out, err := exec.CommandContext(ctx, program, "routes", "--json").Output()
	if exit := (&exec.ExitError{}); errors.As(err, &exit) {
		return b, fmt.Errorf("%s routes: %w: %s", program, err, lastLines(string(exit.Stderr), 20))
	} else if err != nil {
		return b, err
	}
	var routes []struct {
		MaxBody command.Size `json:"max_body"`
		Timeout string       `json:"timeout"`
	}
	if err := json.Unmarshal(out, &routes); err != nil {
		return b, fmt.Errorf("%s routes --json: %w", program, err)
	}
	for _, route := range routes {
		b.body = max(b.body, route.MaxBody)
		switch timeout, err := time.ParseDuration(route.Timeout); {
		case route.Timeout == "none":
			b.timeout = -1
		case err == nil && b.timeout >= 0:
			b.timeout = max(b.timeout, timeout)
		}
	}
	return b, nil
}
