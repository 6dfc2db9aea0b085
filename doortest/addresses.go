package doortest

import (
	"context"
	"net/http"

	"github.com/apiphant/apiphant"
)

// addressed is a request whose fields come from a path, a query and a body.
type addressed struct {
	ID   int      `json:"id" minimum:"1"`
	Tags []string `json:"tags"`
	Note string   `json:"note" default:"none"`
}

// addAddresses adds routes that have further addresses.
func addAddresses(api *apiphant.API, read func(string, apiphant.Action)) {
	read("v0/addressed/typed", apiphant.Func(func(_ context.Context, request addressed) (addressed, error) { return request, nil }))
	read("v0/addressed/object", apiphant.Func(echo))
	read("v0/addressed/raw", apiphant.RawRequest(func(_ context.Context, r *http.Request) (apiphant.Object, error) {
		return apiphant.Object{"path": r.PathValue("path"), "note": r.URL.Query().Get("note")}, nil
	}))
	api.Address("GET /api/typed/{id}", "v0/addressed/typed/read")
	api.Address("PUT /api/typed/{id}", "v0/addressed/typed/read")
	api.Address("GET /api/objects/{id}", "v0/addressed/object/read")
	api.Address("GET /api/objects/new", "v0/addressed/typed/read")
	api.Address("GET /api/files/{path...}", "v0/addressed/raw/read")
}
