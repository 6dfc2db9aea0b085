// Package echo answers a raw request with what it was asked.
package echo

import (
	"errors"
	"io"
	"net/http"

	"github.com/goccy/go-json"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/bench/message"
)

// Read parses the request and writes the answer itself.
func Read(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var object map[string]any
	if err == nil {
		err = json.Unmarshal(body, &object)
	}
	if err == nil && object == nil {
		err = errors.New("null")
	}
	if err != nil {
		apiphant.WriteError(w, r, &apiphant.Error{Status: http.StatusBadRequest, Err: err})
		return
	}
	object["server"] = message.Server
	answer, err := json.Marshal(object)
	if err != nil {
		apiphant.WriteError(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(answer)
}
