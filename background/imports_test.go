package background_test

import (
	"os/exec"
	"strings"
	"testing"
)

// TestImportsAreLight tests that a package of a product which names tasks and
// jobs does not import the libraries of those who run them.
func TestImportsAreLight(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for imported := range strings.FieldsSeq(string(out)) {
		own := strings.HasPrefix(imported, "github.com/apiphant/apiphant/background") || imported == "github.com/apiphant/apiphant/database"
		domain, _, _ := strings.Cut(imported, "/")
		if !own && strings.Contains(domain, ".") {
			t.Errorf("package background imports %s, with all that it imports", imported)
		}
	}
}
