package product_test

import (
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/apiphant/apiphant/internal/product"
	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestLoad loads the product in each archive of testdata/load and compares
// want/main.go or want/error.
func TestLoad(t *testing.T) {
	archives, err := filepath.Glob("testdata/load/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatal("no archives", err)
	}
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			var files, want []txtar.File
			for _, file := range archive.Files {
				if strings.HasPrefix(file.Name, "want/") {
					want = append(want, file)
				} else {
					files = append(files, file)
				}
			}
			write(t, dir, files...)
			t.Chdir(dir)
			got := load("myproduct")
			if *update {
				archive.Files = append(files, got)
				if err := os.WriteFile(original(t, name), txtar.Format(archive), 0o666); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff([]txtar.File{got}, want); diff != "" {
				t.Errorf("got -, want + (-update accepts what was got):\n%s", diff)
			}
		})
	}
}

// load returns the main or the error as a golden file.
func load(path string) txtar.File {
	p, err := product.Load(path)
	if err != nil {
		wd, _ := os.Getwd()
		text := strings.ReplaceAll(err.Error(), wd+string(filepath.Separator), "")
		text = strings.ReplaceAll(text, checkout(), "CHECKOUT")
		return txtar.File{Name: "want/error", Data: []byte(text + "\n")}
	}
	source, err := p.Main()
	if err != nil {
		return txtar.File{Name: "want/error", Data: []byte(err.Error() + "\n")}
	}
	return txtar.File{Name: "want/main.go", Data: source}
}

// here is the folder of this file, also after a change of the working directory.
func here() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(file)
}

func checkout() string { return filepath.Dir(filepath.Dir(here())) }

func original(t *testing.T, name string) string {
	t.Helper()
	return filepath.Join(here(), name)
}

// write writes files below dir.
func write(t *testing.T, dir string, files ...txtar.File) {
	t.Helper()
	for _, file := range files {
		name := filepath.Join(dir, filepath.FromSlash(file.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, file.Data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func writeFile(t *testing.T, dir, name, content string) {
	t.Helper()
	write(t, dir, txtar.File{Name: name, Data: []byte(content)})
}
