package product

import (
	"go/build"
	"go/format"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRows adds to the table what products may declare some day: a field of the
// API, a statement, and a folder with a door of its own. There is nothing else to
// do for it.
func TestRows(t *testing.T) {
	table := tableOf()
	api := roomOf(table, apiFolder)
	api.functions = append(api.functions,
		declarable{name: "Words", shapes: []shape{{text: "func() http.Header"}}, statement: "words.Add(table, PACKAGE.Words)", needs: "example.com/words"},
		declarable{name: "Ready", shapes: []shape{{text: "func(ctx context.Context) error"}}})
	table = append(table, room{
		folder: "api/happenings", about: "what happens elsewhere", door: "example.com/doors/happenings", hint: "for happenings, Message",
		functions: []declarable{{name: "Message", shapes: []shape{{text: "func(ctx context.Context, message http.Header) error"}}}},
	})
	files := map[string]string{
		"api/api.go": "package api\n\nimport (\n\t\"context\"\n\t\"net/http\"\n)\n\n" +
			"func Words() http.Header { return nil }\n\nfunc Ready(ctx context.Context) error { return nil }\n",
		"api/happenings/happenings.go": "package happenings\n\nimport (\n\t\"context\"\n\t\"net/http\"\n)\n\n" +
			"func Message(ctx context.Context, message http.Header) error { return nil }\n",
	}

	p, err := scanFiles(t, table, files)
	if err != nil {
		t.Fatal(err)
	}
	source, err := format.Source(p.source(false))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"\t\"example.com/doors/happenings\"\n\t\"example.com/words\"\n",
		"\t\tDoors: []program.Door{\n\t\t\thappenings.Door{\n\t\t\t\tMessage: api_happenings.Message,\n\t\t\t},\n\t\t},\n",
		"\ttable := &apiphant.API{Ready: api.Ready}\n\twords.Add(table, api.Words)\n",
	} {
		if !strings.Contains(string(source), want) {
			t.Errorf("want in the main:\n%s\ngot\n%s", want, source)
		}
	}

	files["api/happenings/happenings.go"] = "package happenings\n\nfunc Message(text string) {}\n"
	_, err = scanFiles(t, table, files)
	const want = "Message is a func(text string): it must be a func(ctx context.Context, message http.Header) error, written so, or have another name"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	delete(files, "api/happenings/happenings.go")
	if _, err = scanFiles(t, table, files); err == nil || !strings.Contains(err.Error(), "; or, for happenings, Message in ") {
		t.Errorf("got %v, want the hint", err)
	}
}

func scanFiles(t *testing.T, table []room, files map[string]string) (*Product, error) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	found, err := scan(dir, build.Default, table)
	return &Product{Name: "myproduct", Packages: found.packages, Doors: found.doors, Warnings: found.warned}, err
}

// TestTableIsDocumented: the README has all shapes of an action.
func TestTableIsDocumented(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, shape := range actionShapes() {
		if !strings.Contains(string(readme), "| `"+shape.String()+"` |") {
			t.Errorf("README.md lacks %s", shape)
		}
	}
	for _, room := range tableOf() {
		for _, function := range room.functions {
			if len(function.shapes) == 0 || function.about == "" {
				t.Errorf("the row of %s in %s is not complete", function.name, room.folder)
			}
			for _, shape := range function.shapes {
				shape.signature() // which panics at a text that is none
			}
		}
	}
}
