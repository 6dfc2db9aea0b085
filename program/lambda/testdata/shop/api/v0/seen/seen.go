// Package seen answers with what a function sees of who asks.
package seen

import (
	"context"
	"net/http"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/lambda"
)

func Read(ctx context.Context, r *http.Request) (apiphant.Object, error) {
	claims, ok := lambda.Authorizer(ctx)
	deadline, _ := ctx.Deadline()
	return apiphant.Object{"claims": claims, "checked": ok, "remote": r.RemoteAddr, "host": r.Host, "path": r.URL.Path,
		"trace": lambda.TraceID(ctx), "in_time": time.Until(deadline) < 9600*time.Millisecond}, nil
}
