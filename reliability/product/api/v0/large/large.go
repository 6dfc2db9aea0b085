// Package large returns answers of any size, slowly enough to be interrupted.
package large

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/apiphant/apiphant"
)

// Request says how large an answer is.
type Request struct {
	Bytes int `json:"bytes"`
}

var block = []byte(strings.Repeat("apiphant", 4<<10))

// Create returns one JSON object.
func Create(ctx context.Context, request Request) (apiphant.Object, error) {
	return apiphant.Object{"data": strings.Repeat("x", request.Bytes)}, nil
}

// Read streams bytes with a declared length.
func Read(ctx context.Context, request Request, w http.ResponseWriter) error {
	w.Header().Set("Content-Length", strconv.Itoa(request.Bytes))
	return write(w, request.Bytes)
}

// Update streams bytes in chunks.
func Update(ctx context.Context, request Request, w http.ResponseWriter) error {
	_ = http.NewResponseController(w).Flush()
	return write(w, request.Bytes)
}

func write(w http.ResponseWriter, bytes int) error {
	for bytes > 0 {
		n, err := w.Write(block[:min(len(block), bytes)])
		if err != nil {
			return err
		}
		bytes -= n
	}
	return nil
}
