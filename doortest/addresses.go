package doortest

import (
	"context"
	"net/http"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/validation"
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
	api.Handle("v0/addressed/record", apiphant.Actions{
		Create: apiphant.Func(func(_ context.Context, request addressed) (addressed, error) { return request, nil }),
		Read:   apiphant.Func(echo),
		Update: apiphant.Func(updateRecord),
		Delete: apiphant.Func(deleteRecord),
	})
	api.Address("/api/records/{id}", "v0/addressed/record")
	api.Address("GET /api/typed/{id}", "v0/addressed/typed/read")
	api.Address("PUT /api/typed/{id}", "v0/addressed/typed/read")
	api.Address("GET /api/objects/{id}", "v0/addressed/object/read")
	api.Address("GET /api/objects/new", "v0/addressed/typed/read")
	api.Address("GET /api/files/{path...}", "v0/addressed/raw/read")
}

// updateRecord takes a number from the path, or from the body as JSON has it.
func updateRecord(_ context.Context, request apiphant.Object) (apiphant.Object, error) {
	id, err := validation.Field[int](request, "id")
	if err != nil {
		return nil, err
	}
	size, err := validation.Field[int](request, "size")
	return apiphant.Object{"id": id, "size": size}, err
}

// deleteRecord answers with nothing, or with what it is asked for.
func deleteRecord(_ context.Context, request apiphant.Object) (apiphant.Object, error) {
	if say, ok := request["say"]; ok {
		return apiphant.Object{"said": say}, nil
	}
	return nil, nil
}
