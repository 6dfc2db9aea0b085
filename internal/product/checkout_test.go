package product_test

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"golang.org/x/mod/module"
	modzip "golang.org/x/mod/zip"
)

// needCheckout skips a test while the checkout lacks the packages that a
// generated main and the command are made of.
func needCheckout(t *testing.T) {
	t.Helper()
	for _, folder := range []string{"program", "cmd/apiphant"} {
		if files, _ := filepath.Glob(filepath.Join(checkout(), folder, "*.go")); len(files) == 0 {
			t.Skipf("the checkout has no package %s", folder)
		}
	}
}

// withoutModule writes a product without a go.mod below dir and returns its
// folder. Its function is of the root package's types.
func withoutModule(t *testing.T, dir string) string {
	t.Helper()
	forget(t, dir)
	writeFile(t, dir, "myproduct/api/v0/echo/echo.go", `package echo

import (
	"context"

	"github.com/apiphant/apiphant"
)

func Read(ctx context.Context, request apiphant.Object) (apiphant.Object, error) {
	return request, nil
}
`)
	return filepath.Join(dir, "myproduct")
}

// TestBuildFromCheckout builds products without a go.mod: apiphant's own
// requirements and a replace by the checkout take its place.
func TestBuildFromCheckout(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles all that a product is made of")
	}
	needCheckout(t)
	top := realPath(t, t.TempDir())
	odd := withoutModule(t, filepath.Join(top, "a b@ü"))
	writeFile(t, top, "go.work", "go 1.26.0\n")
	t.Setenv("GOFLAGS", "-mod=mod")
	if err := os.Chmod(odd, 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(odd, 0o777) })
	before := list(t, top)
	if _, err := build(t, odd); err != nil {
		t.Fatal(err)
	}
	if got, want := len(list(t, top)), len(before); got != want {
		t.Errorf("%d files, want %d: the product's tree has changed", got, want)
	}
}

// TestInstalled installs the command from a module proxy made of the checkout,
// and builds a product without a go.mod with it. The other modules come from
// this machine's module cache; there is no network.
//
// The module cache is another one, so without -trimpath, for which paths don't
// count, every module would be compiled anew.
func TestInstalled(t *testing.T) {
	if testing.Short() {
		t.Skip("unpacks all modules, and compiles the command")
	}
	needCheckout(t)
	top := realPath(t, t.TempDir())
	const version = "v1.2.3"
	proxy := filepath.Join(top, "proxy")
	makeProxy(t, proxy, version)

	cache, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	downloads := filepath.Join(strings.TrimSpace(string(cache)), "cache", "download")
	bin := filepath.Join(top, "bin")
	for name, value := range map[string]string{
		"GOPROXY":     "file://" + filepath.ToSlash(proxy) + ",file://" + filepath.ToSlash(downloads) + ",off",
		"GOSUMDB":     "off", // the network
		"GOMODCACHE":  filepath.Join(top, "modules"),
		"GOFLAGS":     "-modcacherw -trimpath", // the first so that the test can remove it
		"GOBIN":       bin,
		"CGO_ENABLED": "0", // as products are built
	} {
		t.Setenv(name, value)
	}
	install := exec.Command("go", "install", "github.com/apiphant/apiphant/cmd/apiphant@"+version)
	install.Dir = top
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	dir := withoutModule(t, top)
	before := list(t, dir)
	built := filepath.Join(top, "out")
	command := exec.Command(filepath.Join(bin, "apiphant"), "build", dir, "-o", built)
	command.Dir = top
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	info, err := exec.Command("go", "version", "-m", built).CombinedOutput()
	if err != nil || !bytes.Contains(info, []byte("github.com/apiphant/apiphant\t"+version+"\th1:")) {
		t.Errorf("%v, want the installed version in\n%s", err, info)
	}
	if got, want := len(list(t, dir)), len(before); got != want {
		t.Errorf("%d files, want %d: the product's folder has changed", got, want)
	}
}

// makeProxy writes a module proxy with one version of the checkout: what git
// knows of it, as it is now.
func makeProxy(t *testing.T, dir, version string) {
	t.Helper()
	goMod, err := os.ReadFile(filepath.Join(checkout(), "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	path := module.Version{Path: "github.com/apiphant/apiphant", Version: version}
	var archive bytes.Buffer
	if err := modzip.Create(&archive, path, moduleFiles(t)); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, path.Path, "@v"),
		txtar.File{Name: "list", Data: []byte(version + "\n")},
		txtar.File{Name: version + ".info", Data: []byte(`{"Version":"` + version + `"}`)},
		txtar.File{Name: version + ".mod", Data: goMod},
		txtar.File{Name: version + ".zip", Data: archive.Bytes()},
	)
}

// moduleFiles returns the checkout's files, without those of nested modules.
func moduleFiles(t *testing.T) []modzip.File {
	t.Helper()
	list := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = checkout()
	out, err := list.Output()
	if err != nil {
		t.Skip("needs git:", err)
	}
	names := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	var nested []string
	for _, name := range names {
		if folder, ok := strings.CutSuffix(name, "/go.mod"); ok {
			nested = append(nested, folder+"/")
		}
	}
	var files []modzip.File
next:
	for _, name := range names {
		for _, folder := range nested {
			if strings.HasPrefix(name, folder) {
				continue next
			}
		}
		if _, err := os.Stat(filepath.Join(checkout(), name)); err == nil { // not deleted
			files = append(files, checkoutFile(name))
		}
	}
	return files
}

// checkoutFile is a file of the checkout for the module's zip.
type checkoutFile string

func (f checkoutFile) Path() string { return string(f) }
func (f checkoutFile) Lstat() (fs.FileInfo, error) {
	return os.Lstat(filepath.Join(checkout(), string(f)))
}
func (f checkoutFile) Open() (io.ReadCloser, error) {
	return os.Open(filepath.Join(checkout(), string(f)))
}
