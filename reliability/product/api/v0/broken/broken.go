// Package broken has functions of all shapes that panic.
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

// Read causes a run-time panic.
func Read(ctx context.Context, request apiphant.Object) (apiphant.Object, error) {
	list := make([]apiphant.Object, len(request))
	return list[len(request)], nil
}

// Update takes a raw request and panics with an error.
func Update(ctx context.Context, r *http.Request) (apiphant.Object, error) {
	panic(http.ErrBodyNotAllowed)
}

// Delete writes a raw answer, and panics before its first byte is sent.
func Delete(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Half", "1")
	panic("reliability: raw answer, not begun")
}
