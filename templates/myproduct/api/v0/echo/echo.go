// Package echo answers with the request.
package echo

import (
	"context"

	"github.com/apiphant/apiphant"
)

// Read returns the request with the name of the server added.
func Read(ctx context.Context, request apiphant.Object) (apiphant.Object, error) {
	response := request.Copy()
	response["server"] = "myproduct"
	return response, nil
}
