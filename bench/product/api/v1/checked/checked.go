// Package checked has rules, to see what errors cost.
package checked

import (
	"context"

	"github.com/apiphant/apiphant"
)

// Request is right where every count is at least 1.
type Request struct {
	Lines []Line `json:"lines" required:"true"`
}

// Line is one of the list.
type Line struct {
	Count int `json:"count" minimum:"1"`
}

// Read says how many lines were right.
func Read(ctx context.Context, request Request) (apiphant.Object, error) {
	return apiphant.Object{"lines": len(request.Lines)}, nil
}
