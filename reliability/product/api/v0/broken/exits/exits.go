// Package exits ends the goroutine that it is called on, as a test's t.FailNow
// does that was left in.
package exits

import (
	"context"
	"io"
	"net/http"
	"runtime"

	"github.com/apiphant/apiphant"
)

// Create ends before it answers.
func Create(ctx context.Context, request apiphant.Object) (apiphant.Object, error) {
	runtime.Goexit()
	return request, nil
}

// Read ends in a chunked answer that has begun to go out.
func Read(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, `{"half":`)
	_ = http.NewResponseController(w).Flush()
	runtime.Goexit()
}
