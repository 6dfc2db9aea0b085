// Package exits ends the goroutine that it is called on, by runtime.Goexit.
package exits

import (
	"context"
	"io"
	"net/http"
	"runtime"

	"github.com/apiphant/apiphant"
)

// Create ends its goroutine before it answers.
func Create(ctx context.Context, request apiphant.Object) (apiphant.Object, error) {
	runtime.Goexit()
	return request, nil
}

// Read ends its goroutine in the middle of a chunked answer.
func Read(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, `{"half":`)
	_ = http.NewResponseController(w).Flush()
	runtime.Goexit()
}
