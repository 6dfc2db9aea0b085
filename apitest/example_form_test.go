package apitest_test

import (
	"context"
	"testing"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/apitest"
)

// A request with files, to a function that takes them.
func ExampleForm() {
	type Photo struct {
		Title string          `json:"title" required:"true"`
		Place map[string]int  `json:"place"`
		File  apiphant.File   `json:"file" required:"true" contentType:"image/png,image/gif"`
		More  []apiphant.File `json:"more"`
	}
	api := &apiphant.API{}
	api.Handle("v0/photos", apiphant.Actions{Create: apiphant.Func(func(_ context.Context, p Photo) (apiphant.Object, error) {
		return apiphant.Object{"title": p.Title, "place": p.Place, "name": p.File.Name, "bytes": p.File.Size, "more": len(p.More)}, nil
	})})
	gif := apiphant.NewFile("dir/sea.gif", "image/gif", []byte("GIF89a"))
	testPhotos := func(t testing.TB) { // func TestPhotos(t *testing.T)
		server := apitest.Local(t, api)
		server.Test("photos", "create", apitest.Form{"title": "Sea", "file": gif, "place": map[string]int{"x": 1}, "more": []apiphant.File{gif, gif}},
			200, `{"title": "Sea", "place": {"x": 1}, "name": "sea.gif", "bytes": 6, "more": 2}`)
		server.Test("photos", "create", apitest.Form{"title": "Sea"}, 400, nil)
	}
	runTest(testPhotos)
	// Output:
	// POST http://local/api/v0/photos/create (a form of 840 bytes: file, more, place, title) --> 200 {"bytes":6,"more":2,"name":"sea.gif","place":{"x":1},"title":"Sea"}
	// POST http://local/api/v0/photos/create (a form of 183 bytes: title) --> 400 {"error":{"field":"file","state":"missing"}}
}
