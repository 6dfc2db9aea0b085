package product_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/apiphant/apiphant/internal/product"
)

// TestWarnings of what is allowed and probably not meant; the rest of the product is
// found all the same.
func TestWarnings(t *testing.T) {
	dir := newProduct(t)
	t.Chdir(dir)
	writeFile(t, dir, "api/v0/items/items.go", "package items\n\nimport \"context\"\n\ntype Item struct {\n\tName string `json:\"name\" validate:\"required\"`\n\tCode string `binding:\"required\"`\n}\n\n"+
		"func Read(ctx context.Context, request Item) (Item, error) { return request, nil }\n\n"+
		"func List(ctx context.Context, request Item) (Item, error) { return request, nil }\n\n"+
		"func Get(id int) int { return id }\n")
	writeFile(t, dir, "api/v1beta/echo/echo.go", echo)
	writeFile(t, dir, "api/helpers/helpers.go", "package helpers\n\ntype T struct{ A int `validate:\"x\"` }\n")
	for _, name := range []string{"api/v2", "api/v0/linked"} {
		if err := os.Symlink(filepath.Join(dir, "api/v0/echo"), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	p, err := product.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	const link = ": is a symbolic link to a folder, which the go command doesn't follow, so nothing there is served: move the folder here"
	const tag = ` is not looked at: write required:"true", minimum, maxLength, pattern, enum, format and the like, as docs/protocol.md lists them`
	want := []string{
		`api/v0/items/items.go:6: the tag validate:"required"` + tag,
		`api/v0/items/items.go:7: the tag binding:"required"` + tag,
		"api/v0/items/items.go:12: List is not served: only Create, Read, Update and Delete are; give it one of these names, in a folder of its own if need be, or a small letter if it is not meant to be",
		"api/v0/linked" + link,
		"api/v1beta: is no version, so nothing below it is served: call it v and digits, such as v1",
		"api/v2" + link,
	}
	if difference := cmp.Diff(want, p.Warnings); difference != "" {
		t.Error(difference)
	}
	if len(p.Packages) != 2 {
		t.Errorf("got %d packages, want 2", len(p.Packages))
	}
}
