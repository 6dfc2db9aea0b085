// Package echo answers a typed request with what it was asked.
package echo

import (
	"context"

	"github.com/apiphant/apiphant/bench/message"
)

// Read returns the request, signed by the server.
func Read(ctx context.Context, request message.Message) (message.Message, error) {
	request.Server = message.Server
	return request, nil
}
