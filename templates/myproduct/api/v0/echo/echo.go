// Package echo answers with what it was asked.
package echo

import (
	"context"

	"github.com/apiphant/apiphant"
)

// Read returns the request, signed by the server.
func Read(ctx context.Context, request apiphant.Object) (apiphant.Object, error) {
	response := request.Copy()
	response["server"] = "myproduct"
	return response, nil
}
