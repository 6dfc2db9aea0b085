// Command nethttpstruct is net/http with encoding/json into a struct.
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
		var m message.Message
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
			http.Error(w, "invalid", http.StatusBadRequest)
			return
		}
		m.Server = message.Server
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(m)
	})
	log.Fatal(http.ListenAndServe(os.Args[1], nil))
}
