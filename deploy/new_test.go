package deploy_test

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/apiphant/apiphant/deploy"
)

// TestNew creates a product and uses it as its owner does.
func TestNew(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "a-shop") // sorts before github.com
	var said bytes.Buffer
	if err := deploy.New(&said, folder); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Created the product " + folder, "replace", "github.com/apiphant/apiphant => /", "cd " + folder, "./test.sh"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("it said:\n%s\nwant in it: %s", said.String(), want)
		}
	}
	files := []string{
		".gitignore", "README.md", "api/background/background.go", "api/v0/echo/echo.go", "api/v0/echo/echo_test.go",
		"deploy.conf", "deploy.sh", "go.mod", "go.sum", "nginx/logrotate/logrotate.conf.tmpl", "nginx/nginx.conf.tmpl", "public/index.html",
		"quick-test.sh", "reload.sh", "supervisor/supervisor.conf.tmpl", "systemd/api.service.tmpl", "systemd/api.socket.tmpl", "systemd/background.service.tmpl", "systemd/product.target.tmpl", "test/main.go", "test.sh",
	}
	if diff := cmp.Diff(files, list(t, folder)); diff != "" {
		t.Errorf("files (- wanted, + found):\n%s", diff)
	}
	for _, file := range files {
		content := read(t, filepath.Join(folder, file))
		if strings.Contains(content, "myproduct") {
			t.Errorf("%s still speaks of myproduct:\n%s", file, content)
		}
		if strings.Contains(content, "templates/") {
			t.Errorf("%s still speaks of templates:\n%s", file, content)
		}
	}
	if goMod := read(t, filepath.Join(folder, "go.mod")); !strings.HasPrefix(goMod, "module a-shop\n") || strings.Count(goMod, "\tgithub.com/apiphant/apiphant v0.0.0\n")+
		strings.Count(goMod, "require github.com/apiphant/apiphant v0.0.0\n") != 1 || !strings.Contains(goMod, "\ntool github.com/apiphant/apiphant/cmd/apiphant\n") {
		t.Errorf("go.mod:\n%s", goMod)
	}
	if testing.Short() {
		t.Skip("the rest vets, builds and tests the product")
	}
	if unformatted := command(t, folder, "gofmt", "-l", "."); unformatted != "" {
		t.Errorf("not as gofmt writes it: %s", unformatted)
	}
	command(t, folder, "go", "build", "./...")
	if routes := command(t, folder, "go", "tool", "apiphant", "routes", "."); !strings.HasPrefix(routes, "POST  /api/v0/echo/read  anyone  a-shop/api/v0/echo.Read  ") {
		t.Errorf("routes:\n%s", routes)
	}
	if status := command(t, folder, "git", "-c", "init.defaultBranch=main", "init", "--quiet"); status != "" {
		t.Error(status)
	}
	if status := command(t, folder, "git", "status", "--short", "--untracked-files=all"); strings.Count(status, "\n") != len(files) {
		t.Errorf("git leaves out something of %d files:\n%s", len(files), status)
	}
	t.Run("test.sh", func(t *testing.T) { runsItsTests(t, folder) })
}

// runsItsTests runs the product's test.sh, which is go vet, go test, and a test of
// the product as it is served; then it makes that one fail.
func runsItsTests(t *testing.T, folder string) {
	need(t, "sh")
	if ln, err := net.Listen("tcp", "127.0.0.1:8888"); err != nil {
		t.Skip("the port that test.sh uses is taken: ", err)
	} else {
		ln.Close()
	}
	const want = `POST http://127.0.0.1:8888/api/v0/echo/read {"hello":"world"} --> 200 {"hello":"world","server":"a-shop"}` + "\n"
	if said := command(t, folder, "./test.sh"); !strings.HasSuffix(said, want) {
		t.Errorf("test.sh said:\n%s\nwant at the end:\n%s", said, want)
	}

	write(t, filepath.Join(folder, "test/main.go"), strings.ReplaceAll(read(t, filepath.Join(folder, "test/main.go")), "200", "404"))
	failing := exec.Command("./test.sh")
	failing.Dir, failing.Env = folder, goEnvironment()
	said, err := failing.CombinedOutput()
	if err == nil || !strings.Contains(string(said), "the status is 200, want 404") {
		t.Errorf("a wrong answer: %v\n%s", err, said)
	}
	if ln, err := net.Listen("tcp", "127.0.0.1:8888"); err != nil {
		t.Errorf("the product still runs: %v", err)
	} else {
		ln.Close()
	}
}

func TestNewWritesOverNothing(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "shop")
	write(t, filepath.Join(folder, "notes.txt"), "mine")
	err := deploy.New(new(bytes.Buffer), folder)
	if err == nil || !strings.Contains(err.Error(), "already exists and contains notes.txt") {
		t.Errorf("error: %v", err)
	}
	if files := list(t, folder); !slices.Equal(files, []string{"notes.txt"}) {
		t.Errorf("files: %q", files)
	}
}

func TestNewInAnEmptyFolder(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "shop")
	if err := os.Mkdir(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := deploy.New(new(bytes.Buffer), folder); err != nil {
		t.Error(err)
	}
}

func list(t *testing.T, folder string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			rel, _ := filepath.Rel(folder, path)
			files = append(files, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
}

// goEnvironment is what commands run in. They may not ask the network for a
// module, and compile as products are compiled, without cgo: what is compiled once
// is found by all tests in Go's build cache. Without debugging information, they link
// faster.
func goEnvironment() []string {
	return append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=readonly -ldflags=-s", "GOWORK=off", "CGO_ENABLED=0")
}

// command runs a command that must succeed and returns what it wrote to
// standard output, in [goEnvironment].
func command(t *testing.T, folder string, words ...string) string {
	t.Helper()
	c := exec.Command(words[0], words[1:]...)
	c.Dir = folder
	c.Env = goEnvironment()
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", strings.Join(words, " "), err, out, stderr.String())
	}
	return string(out)
}
