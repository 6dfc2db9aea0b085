// Package echo answers an object with what it was asked.
package echo

import (
	"context"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/bench/message"
)

// Read returns the request, signed by the server.
func Read(ctx context.Context, request apiphant.Object) (apiphant.Object, error) {
	request["server"] = message.Server
	return request, nil
}
