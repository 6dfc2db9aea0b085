// Package broken panics, wherever a function can.
package broken

import (
	"context"
	"net/http"

	"github.com/apiphant/apiphant"
)

// Create panics before it answers.
func Create(ctx context.Context, request apiphant.Object) (apiphant.Object, error) {
	panic("reliability: function")
}

// Read panics by the runtime's doing.
func Read(ctx context.Context, request apiphant.Object) (apiphant.Object, error) {
	list := make([]apiphant.Object, len(request))
	return list[len(request)], nil
}

// Update takes a raw request and panics with an error.
func Update(ctx context.Context, r *http.Request) (apiphant.Object, error) {
	panic(http.ErrBodyNotAllowed)
}

// Delete answers raw, and panics before a byte of it has gone out.
func Delete(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Half", "1")
	panic("reliability: raw answer, not begun")
}
