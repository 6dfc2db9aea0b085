// Command nethttp is net/http with encoding/json into a map.
package main

import (
	"encoding/json"
	"log"
	"net/http"
	"os"

	"github.com/apiphant/apiphant/bench/message"
)

func main() {
	http.HandleFunc("POST /api/v0/echo/read", func(w http.ResponseWriter, r *http.Request) {
		var object map[string]any
		if err := json.NewDecoder(r.Body).Decode(&object); err != nil || object == nil {
			http.Error(w, "invalid", http.StatusBadRequest)
			return
		}
		object["server"] = message.Server
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(object)
	})
	log.Fatal(http.ListenAndServe(os.Args[1], nil))
}
