// Package echo answers with the request, by each shape of function.
package echo

import (
	"context"
	"io"
	"net/http"

	"github.com/apiphant/apiphant"
)

// Request is the request of Create.
type Request struct {
	Hello string `json:"hello"`
	Data  string `json:"data,omitempty"`
}

// Create echoes a typed request.
func Create(ctx context.Context, request Request) (Request, error) { return request, nil }

// Read echoes an object.
func Read(ctx context.Context, request apiphant.Object) (apiphant.Object, error) {
	return request, nil
}

// Update reads a raw request and returns its size.
func Update(ctx context.Context, r *http.Request) (apiphant.Object, error) {
	size, err := io.Copy(io.Discard, r.Body)
	return apiphant.Object{"size": size}, err
}

// Delete streams the body of a raw request back.
func Delete(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }
