// Command huma is huma over net/http, into a map.
package main

import (
	"context"
	"log"
	"net/http"
	"os"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/apiphant/apiphant/bench/message"
)

type echo struct {
	Body map[string]any
}

func main() {
	mux := http.NewServeMux()
	config := huma.DefaultConfig("bench", "1")
	config.CreateHooks = nil // no $schema in the answer
	api := humago.New(mux, config)
	huma.Register(api, huma.Operation{
		Method: http.MethodPost, Path: "/api/v0/echo/read", MaxBodyBytes: 4 << 20,
	}, func(_ context.Context, request *echo) (*echo, error) {
		request.Body["server"] = message.Server
		return request, nil
	})
	log.Fatal(http.ListenAndServe(os.Args[1], mux))
}
