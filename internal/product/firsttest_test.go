package product_test

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/apiphant/apiphant/internal/product"
)

// TestFirstTest runs the commands that the error of a go.mod without apiphant
// suggests, and then the first test of the product: it needs no others.
func TestFirstTest(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles a test with all that it imports")
	}
	needCheckout(t)
	dir := withoutModule(t, realPath(t, t.TempDir()))
	writeFile(t, dir, "go.mod", "module example.com/mine\n\ngo 1.26.0\n")
	_, err := product.Load(dir)
	if err == nil {
		t.Fatal("got no error, want what to type")
	}
	commands := regexp.MustCompile(`(?m)^\t(.*)$`).FindAllStringSubmatch(err.Error(), -1)
	if len(commands) < 2 || commands[len(commands)-1][1] != "go mod tidy" {
		t.Fatalf("got %v, want commands", err)
	}
	for _, command := range commands {
		if strings.HasPrefix(command[1], "cd ") {
			continue
		}
		if out, err := shell(dir, command[1]); err != nil {
			t.Skipf("%s needs modules that are not here: %v\n%s", command[1], err, out)
		}
	}
	writeFile(t, dir, "api/v0/echo/echo_test.go", `package echo_test

import (
	"testing"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/apitest"
)

func TestNothing(t *testing.T) {
	apitest.Local(t, &apiphant.API{}).Test("echo", "read", nil, 404, nil)
}
`)
	if out, err := shell(dir, "go test ./..."); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func shell(dir, line string) (string, error) {
	command := exec.Command("sh", "-c", line)
	command.Dir = filepath.Clean(dir)
	out, err := command.CombinedOutput()
	return string(out), err
}
