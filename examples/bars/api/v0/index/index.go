// Package index is what stands at /.
package index

import (
	"net/http"

	"github.com/apiphant/apiphant"
)

// Message is an answer.
type Message struct {
	Message string `json:"message"`
}

// Read answers GET.
func Read() (Message, error) { return Message{"received GET to index"}, nil }

// Create answers POST, by REST with 201.
func Create(request apiphant.Object) (Message, error) {
	return Message{"received POST to index"}, nil // the body is in request
}

// Received is the answer of an update which, unlike others, has the status 201.
type Received Message

// StatusCode returns the status of the answer.
func (Received) StatusCode() int { return http.StatusCreated }

// Update answers PUT.
func Update(request apiphant.Object) (Received, error) {
	return Received{"received PUT to index"}, nil
}
