// Command handrows streams rows by hand, on net/http with encoding/json.
package main

import (
	"encoding/json"
	"io"
	"log"
	"net/http"
	"os"

	"github.com/apiphant/apiphant/bench/message"
)

func main() {
	http.HandleFunc("POST /api/v0/echo/read", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"hello":"world","server":"bench"}`)
	})
	http.HandleFunc("POST /api/v1/rows/read", func(w http.ResponseWriter, r *http.Request) { stream(w, r, true) })
	http.HandleFunc("POST /api/v1/collected/read", func(w http.ResponseWriter, r *http.Request) { stream(w, r, false) })
	log.Fatal(http.ListenAndServe(os.Args[1], nil))
}

// stream sends each row when it is there or, without sends, leaves that to net/http,
// which sends what does not fit into its buffer.
func stream(w http.ResponseWriter, r *http.Request, sends bool) {
	var request map[string]any
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		http.Error(w, "invalid", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/jsonl")
	encoder := json.NewEncoder(w)
	for i := range message.Rows {
		if err := encoder.Encode(message.RowOf(i)); err != nil {
			return
		}
		if sends {
			w.(http.Flusher).Flush()
		}
		if r.Context().Err() != nil {
			return
		}
	}
}
