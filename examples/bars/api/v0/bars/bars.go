// Package bars is the bars of each foo.
package bars

import (
	"github.com/apiphant/apiphant/examples/bars/api/v0/index"
)

// Request says which bar. The parameters of the path come into it as those of the query
// and the fields of the body do.
type Request struct {
	FooID string `json:"foo_id" required:"true"`
	BarID string `json:"bar_id" required:"true"`
}

// Bars is the answer of Read.
type Bars struct {
	FooID   string `json:"foo_id"`
	BarID   string `json:"bar_id"`
	Message string `json:"message"`
}

// Read answers GET.
func Read(request Request) (Bars, error) {
	return Bars{request.FooID, request.BarID, "all bars by foo"}, nil
}

// Create answers POST, by REST with 201.
func Create(request Request) (index.Message, error) {
	return index.Message{Message: "received POST to index"}, nil
}

// Update answers PUT.
func Update(request Request) (index.Received, error) {
	return index.Received{Message: "received PUT to index"}, nil
}
