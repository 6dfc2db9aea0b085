package origin_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apiphant/apiphant/internal/origin"
)

func TestFindTheCheckout(t *testing.T) {
	from, err := origin.Find()
	if err != nil {
		t.Fatal(err)
	}
	want, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if from != (origin.Origin{Folder: want}) {
		t.Errorf("found %+v, want the folder %s", from, want)
	}
}

// TestTrimmed runs this test in a program that is built of the checkout with
// -trimpath: it can't know where that is.
func TestTrimmed(t *testing.T) {
	const inside = "APIPHANT_TEST_TRIMMED"
	if os.Getenv(inside) != "" {
		if _, err := origin.Find(); err == nil || !strings.Contains(err.Error(), "was built from a checkout with -trimpath") {
			t.Errorf("got %v", err)
		}
		return
	}
	command := exec.Command("go", "test", "-trimpath", "-run", "^TestTrimmed$", "-v", ".")
	command.Env = append(os.Environ(), inside+"=1", "CGO_ENABLED=0")
	if out, err := command.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestTrimmed") {
		t.Errorf("got %v\n%s", err, out)
	}
}

func TestModuleFiles(t *testing.T) {
	ownMod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	ownSum, err := os.ReadFile("../../go.sum")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name            string
		from            origin.Origin
		inMod, inSum    []string
		notMod, notSums []string
	}{
		{
			name:    "checkout",
			from:    origin.Origin{Folder: "/src/apiphant with spaces"},
			inMod:   []string{"module shop\n", "tool github.com/apiphant/apiphant/cmd/apiphant\n", "require github.com/apiphant/apiphant v0.0.0\n", "replace github.com/apiphant/apiphant => \"/src/apiphant with spaces\"\n"},
			notSums: []string{"github.com/apiphant/apiphant "},
		},
		{
			name:   "version",
			from:   origin.Origin{Version: "v1.2.3", Sum: "h1:source="},
			inMod:  []string{"module shop\n", "tool github.com/apiphant/apiphant/cmd/apiphant\n", "require github.com/apiphant/apiphant v1.2.3\n"},
			notMod: []string{"replace"},
			inSum:  []string{"\ngithub.com/apiphant/apiphant v1.2.3 h1:source=\n", "\ngithub.com/apiphant/apiphant v1.2.3/go.mod h1:mod=\n"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			goMod, goSum, err := origin.ModuleFilesOf(test.from, "shop", ownMod, ownSum, "h1:mod=")
			if err != nil {
				t.Fatal(err)
			}
			has(t, string(goMod), test.inMod, test.notMod)
			has(t, string(goSum), append(test.inSum, string(ownSum)), test.notSums)
			for _, required := range []string{"github.com/goccy/go-json v", "github.com/valyala/bytebufferpool v"} {
				if strings.Count(string(goMod), required) != 1 {
					t.Errorf("%s is not required once in\n%s", required, goMod)
				}
			}
			if direct := strings.Count(string(goMod), " v") - strings.Count(string(goMod), "// indirect"); direct != 1 {
				t.Errorf("%d direct requirements, want 1, in\n%s", direct, goMod)
			}
		})
	}
}

func has(t *testing.T, text string, parts, without []string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("want in it: %s\n%s", part, text)
		}
	}
	for _, part := range without {
		if strings.Contains(text, part) {
			t.Errorf("want not in it: %s\n%s", part, text)
		}
	}
}
