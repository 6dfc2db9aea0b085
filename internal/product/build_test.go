package product_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/apiphant/apiphant/internal/product"
	"github.com/google/go-cmp/cmp"
)

// goMod makes a product of the stand-in for the root package in testdata.
func goMod(name string) string {
	return "module " + name + "\n\ngo 1.26.0\n\nrequire github.com/apiphant/apiphant v0.0.0\n\n" +
		"replace github.com/apiphant/apiphant => " + filepath.ToSlash(filepath.Join(here(), "testdata", "apiphant")) + "\n"
}

const echo = `package echo

import "net/http"

func Read(w http.ResponseWriter, r *http.Request) { w.Write([]byte("one")) }
`

// newProduct writes a product with a go.mod and returns its folder.
func newProduct(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(realPath(t, t.TempDir()), "myproduct")
	forget(t, dir)
	writeFile(t, dir, "go.mod", goMod("example.com/mine"))
	writeFile(t, dir, "api/v0/echo/echo.go", echo)
	return dir
}

// forget removes after the test what the builds of products below dir have left
// in Go's build cache.
func forget(t *testing.T, dir string) {
	t.Helper()
	cache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	overlays := filepath.Join(strings.TrimSpace(string(cache)), "apiphant", "*", "overlay.json")
	t.Cleanup(func() {
		names, _ := filepath.Glob(overlays)
		for _, name := range names {
			if content, err := os.ReadFile(name); err == nil && bytes.Contains(content, []byte(dir)) {
				os.RemoveAll(filepath.Dir(name))
			}
		}
	})
}

func realPath(t *testing.T, path string) string {
	t.Helper()
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		t.Fatal(err)
	}
	return real
}

// build loads and builds a product to the cache.
func build(t *testing.T, path string) (string, error) {
	t.Helper()
	p, err := product.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return p.Build(t.Context(), product.BuildOptions{})
}

func run(t *testing.T, binary string, args ...string) string {
	t.Helper()
	out, err := exec.Command(binary, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", binary, err, out)
	}
	return string(out)
}

// list returns the names of all files below dir.
func list(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		names = append(names, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestBuild(t *testing.T) {
	t.Parallel()
	dir := newProduct(t)
	before := list(t, dir)
	binary, err := build(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := run(t, binary, "x", "y"), "myproduct [v0/echo] [x y]\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	first, err := os.Stat(binary)
	if err != nil {
		t.Fatal(err)
	}

	t.Run("again", func(t *testing.T) {
		if _, err := build(t, dir); err != nil {
			t.Fatal(err)
		}
		again, err := os.Stat(binary)
		if err != nil || !os.SameFile(first, again) {
			t.Errorf("an unchanged product was linked anew (%v)", err)
		}
	})
	t.Run("at once", func(t *testing.T) {
		writeFile(t, dir, "api/v0/more/more.go", strings.ReplaceAll(echo, "echo", "more"))
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				p, err := product.Load(dir)
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := p.Build(t.Context(), product.BuildOptions{}); err != nil {
					t.Error(err)
					return
				}
				out, err := exec.Command(binary).CombinedOutput()
				if got, want := string(out), "myproduct [v0/echo v0/more] []\n"; got != want || err != nil {
					t.Errorf("got %q, %v, want %q", got, err, want)
				}
			})
		}
		group.Wait()
		os.RemoveAll(filepath.Join(dir, "api/v0/more"))
	})
	t.Run("leaves nothing", func(t *testing.T) {
		if diff := cmp.Diff(list(t, dir), before); diff != "" {
			t.Errorf("the product's folder has changed:\n%s", diff)
		}
		left, err := filepath.Glob(filepath.Join(filepath.Dir(binary), "*-*"))
		if err != nil || len(left) > 0 {
			t.Errorf("left in the cache: %v %v", left, err)
		}
	})
}

func TestBuildOutput(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("compiles everything anew")
	}
	dir := newProduct(t)
	p, err := product.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	binary, err := p.Build(t.Context(), product.BuildOptions{Output: out})
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(out, "myproduct"); binary != want {
		t.Errorf("got %s, want %s", binary, want)
	}
	if got, want := run(t, binary), "myproduct [v0/echo] []\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	content, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(content, []byte(dir)) {
		t.Errorf("the program contains %s", dir)
	}
	_, err = p.Build(t.Context(), product.BuildOptions{Output: filepath.Join(dir, "go.mod")})
	if err == nil || !strings.Contains(err.Error(), "is not an object file") {
		t.Errorf("got %v, want a refusal to write over a file that is no program", err)
	}
}

// TestBuildError compares what the compiler says.
func TestBuildError(t *testing.T) {
	tests := []struct{ name, file, source, want string }{
		{
			"user's file", "api/v0/echo/more.go", "package echo\n\nvar x int = \"\"\n",
			"myproduct/api/v0/echo/more.go:3:13: cannot use \"\" (untyped string constant) as int value in variable declaration",
		}, {
			// Only the compiler can see that this doesn't fit: it is in the main that
			// it complains, and in the user's file that it must seem to.
			"shape", "api/v0/other/other.go", "package other\n\ntype error = int\n\nfunc Read(request struct{}) error { return 0 }\n",
			"myproduct/api/v0/other/other.go:5: in call to apiphant.ProcWithoutContext, type func(request struct{}) other.error of v0_other.Read does not match",
		}, {
			"third module", "api/v0/echo/more.go", "package echo\n\nimport _ \"example.com/other\"\n",
			"myproduct/api/v0/echo/more.go:3:8: no required module provides package example.com/other; to add it:\n\tgo get example.com/other",
		}, {
			"package", "api/v0/echo/echo_test.go", "package other\n",
			"myproduct/api/v0/echo/echo.go:5: found packages echo (echo.go) and other (echo_test.go) in ",
		}, {
			"cycle", "api/v0/echo/more.go", "package echo\n\nimport _ \"example.com/mine/api/v0/echo\"\n",
			"package example.com/mine/api/v0/echo\n\timports example.com/mine/api/v0/echo from more.go: import cycle not allowed",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := newProduct(t)
			t.Chdir(filepath.Dir(dir))
			writeFile(t, dir, test.file, test.source)
			_, err := build(t, "myproduct")
			if err == nil {
				t.Fatal("got no error")
			}
			if diff := cmp.Diff(cut(err, test.want), test.want); diff != "" {
				t.Errorf("got -, want +:\n%s", diff)
			}
			p, err := product.Load("myproduct")
			if err != nil {
				t.Fatal(err)
			}
			output := filepath.Join(t.TempDir(), "out")
			_, err = p.Build(t.Context(), product.BuildOptions{Output: output})
			if diff := cmp.Diff(cut(err, test.want), test.want); diff != "" {
				t.Errorf("with an output: got -, want +:\n%s", diff)
			}
		})
	}
}

// cut returns the error's text up to the length of what is wanted: what the
// compiler says beyond that differs between its versions.
func cut(err error, want string) string {
	text := errorText(err)
	return text[:min(len(text), len(want))]
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestBuildCancelled(t *testing.T) {
	t.Parallel()
	p, err := product.Load(newProduct(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Build(ctx, product.BuildOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

// TestBuildWhere builds products in places where go build needs care. All have
// a go.mod; those without need the real root package (checkout_test.go).
func TestBuildWhere(t *testing.T) {
	if testing.Short() {
		t.Skip("builds several products")
	}
	t.Run("module above, odd path, symbolic link", func(t *testing.T) {
		top := filepath.Join(realPath(t, t.TempDir()), "a b@ü")
		forget(t, top)
		writeFile(t, top, "go.mod", goMod("example.com/all"))
		writeFile(t, top, "products/mine/api/v0/echo/echo.go", echo)
		link := filepath.Join(t.TempDir(), "link")
		if err := os.Symlink(filepath.Join(top, "products/mine"), link); err != nil {
			t.Fatal(err)
		}
		binary, err := build(t, link)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := run(t, binary), "mine [v0/echo] []\n"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	t.Run("hostile settings", func(t *testing.T) {
		t.Setenv("GOFLAGS", "-mod=mod")
		t.Setenv("GO111MODULE", "off")
		t.Setenv("CGO_ENABLED", "1")
		dir := newProduct(t)
		writeFile(t, filepath.Dir(dir), "go.work", "go 1.26.0\n") // without the product
		if _, err := build(t, dir); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err != nil || string(content) != goMod("example.com/mine") {
			t.Errorf("go.mod has changed: %v\n%s", err, content)
		}
	})
	t.Run("workspace", func(t *testing.T) {
		dir := newProduct(t)
		writeFile(t, dir, "go.mod", "module example.com/mine\n\ngo 1.26.0\n")
		writeFile(t, filepath.Dir(dir), "go.work", "go 1.26.0\n\nuse (\n\t./myproduct\n\t"+filepath.Join(here(), "testdata", "apiphant")+"\n)\n")
		if _, err := build(t, dir); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("vendor without what the main needs", func(t *testing.T) {
		dir := newProduct(t)
		writeFile(t, dir, "vendor/modules.txt", "# github.com/apiphant/apiphant v0.0.0 => "+filepath.Join(here(), "testdata", "apiphant")+"\n## explicit; go 1.26.0\n"+
			"# github.com/apiphant/apiphant => "+filepath.Join(here(), "testdata", "apiphant")+"\n")
		t.Chdir(dir)
		_, err := build(t, dir)
		want := "go.mod lacks what only the generated main needs:\n\n" +
			"cannot find module providing package github.com/apiphant/apiphant: import lookup disabled by -mod=vendor\n\n" +
			"A tool line keeps it there. Run\n\n" +
			"\tgo mod edit -tool=github.com/apiphant/apiphant/cmd/apiphant\n\tgo mod tidy\n\tgo mod vendor"
		if diff := cmp.Diff(errorText(err), want); diff != "" {
			t.Errorf("got -, want +:\n%s", diff)
		}
	})
	t.Run("a folder has the main's name", func(t *testing.T) {
		dir := newProduct(t)
		writeFile(t, dir, "apiphant_main/x.go", "package x\n")
		if _, err := build(t, dir); err != nil {
			t.Fatal(err)
		}
	})
}

// TestLoadError compares errors that are not about the product's functions.
func TestLoadError(t *testing.T) {
	top := realPath(t, t.TempDir())
	t.Chdir(top)
	writeFile(t, top, "empty/README", "")
	for _, name := range []string{"time", "my product", "github.com", "all"} {
		writeFile(t, top, name+"/api/v0/echo/echo.go", echo)
	}
	writeFile(t, top, "bad/go.mod", "nonsense\n")
	writeFile(t, top, "bad/my product/api/v0/echo/echo.go", echo)
	tests := []struct{ path, want string }{
		{"nowhere", "Dir not found: " + top + "/nowhere"},
		{"empty", "Dir not found: " + top + "/empty/api"},
		{"empty/README", "Dir not found: " + top + "/empty/README"},
		{"time", `"time" is a package of the standard library`},
		{"my product", `"my product" can't be`},
		{"github.com", `"github.com" is the beginning of other modules' names`},
		{"all", `"all" is a word of the go command's`},
		{"bad/my product", "bad/go.mod: no module line"},
	}
	for _, test := range tests {
		t.Run(test.path, func(t *testing.T) {
			_, err := product.Load(test.path)
			if !strings.Contains(errorText(err), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
	t.Run("no go command", func(t *testing.T) {
		dir := newProduct(t)
		t.Setenv("PATH", t.TempDir())
		_, err := product.Load(dir)
		if !strings.HasPrefix(errorText(err), "go command not found") {
			t.Errorf("got %v", err)
		}
	})
}
