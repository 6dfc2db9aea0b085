//go:build unix

package product_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/apiphant/apiphant/internal/product"
)

// TestMain is also the parent program of the tests of Reload: with RELOAD set,
// it serves that product on a free port, which it prints.
func TestMain(m *testing.M) {
	if dir := os.Getenv("RELOAD"); dir != "" {
		os.Exit(reload(dir))
	}
	os.Exit(m.Run())
}

func reload(dir string) int {
	p, err := product.Find(dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 99
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 99
	}
	fmt.Fprintf(os.Stderr, "listening %s\n", listener.Addr())
	patience, _ := time.ParseDuration(os.Getenv("RELOAD_READY"))
	poll, _ := time.ParseDuration(os.Getenv("RELOAD_POLL"))
	status, err := p.Reload(context.Background(), product.ReloadOptions{
		Poll:     poll,
		Listener: listener,
		Args:     []string{"serve"},
		Stderr:   os.Stderr,
		Ready:    patience,
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 99
	}
	fmt.Fprintln(os.Stderr, "returned")
	return status
}

// reloading is a parent program that runs.
type reloading struct {
	*testing.T
	dir     string // the product's
	temp    string // the program's TMPDIR
	address string
	command *exec.Cmd
	ended   chan struct{} // closed when the parent and all that holds its standard error have ended

	mu   sync.Mutex
	log  bytes.Buffer
	read int // up to where await has looked
	more chan struct{}
}

const deadline = 60 * time.Second

func startReloading(t *testing.T, dir string, env ...string) *reloading {
	t.Helper()
	r := &reloading{T: t, dir: dir, temp: t.TempDir(), ended: make(chan struct{}), more: make(chan struct{}, 1)}
	r.command = exec.Command(os.Args[0])
	r.command.Env = append(os.Environ(), append(env, "RELOAD="+dir, "TMPDIR="+r.temp, "GOFLAGS=-ldflags=-s")...) // without debug information it links faster
	r.command.Stderr = r
	r.command.WaitDelay = deadline
	if err := r.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(r.ended)
		_ = r.command.Wait()
	}()
	t.Cleanup(func() {
		_ = r.command.Process.Kill()
		<-r.ended
		if t.Failed() {
			t.Logf("log:\n%s", r.log.String())
		}
	})
	r.address = strings.TrimSpace(strings.TrimPrefix(r.await("listening "), "listening "))
	return r
}

// Write takes the standard error of the parent and its children.
func (r *reloading) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log.Write(p)
	select {
	case r.more <- struct{}{}:
	default:
	}
	return len(p), nil
}

// await waits for a text in the log after what was awaited before, and returns
// the line from there.
func (r *reloading) await(text string) string {
	r.Helper()
	timeout := time.After(deadline)
	for {
		r.mu.Lock()
		rest := r.log.String()[r.read:]
		at := strings.Index(rest, text)
		if at >= 0 && strings.Contains(rest[at:], "\n") {
			end := at + strings.Index(rest[at:], "\n")
			r.read += end + 1
			r.mu.Unlock()
			return rest[at:end]
		}
		r.mu.Unlock()
		select {
		case <-r.more:
		case <-timeout:
			r.Fatalf("no %q in the log", text)
		}
	}
}

// get returns what the program answers, which takes as long as it takes to be
// there.
func (r *reloading) get() string {
	r.Helper()
	body, err := get(r.address, "echo")
	if err != nil {
		r.Fatal(err)
	}
	return body
}

// client makes a connection for each request.
var client = http.Client{Timeout: deadline, Transport: &http.Transport{DisableKeepAlives: true}}

func get(address, target string) (string, error) {
	response, err := client.Get("http://" + address + "/api/v0/" + target + "/read")
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

// unavailable is what is answered while there is no program.
const unavailable = `{"error":"503 Service Unavailable"}`

// want waits while there is no program.
func (r *reloading) want(want string) {
	r.Helper()
	got := r.get()
	for end := time.Now().Add(deadline); got == unavailable && want != unavailable && time.Now().Before(end); {
		got = r.get()
	}
	if got != want {
		r.Fatalf("got %q, want %q", got, want)
	}
}

func (r *reloading) save(source string) {
	r.Helper()
	writeFile(r.T, r.dir, "api/v0/echo/echo.go", source)
}

// stop sends a signal and returns the exit status. Nothing must be left.
func (r *reloading) stop(s syscall.Signal) int {
	r.Helper()
	if err := r.command.Process.Signal(s); err != nil {
		r.Fatal(err)
	}
	return r.wait()
}

func (r *reloading) wait() int {
	r.Helper()
	select {
	case <-r.ended:
	case <-time.After(deadline):
		r.Fatal("the parent, or a program that holds its standard error, runs on")
	}
	if left, err := filepath.Glob(filepath.Join(r.temp, "*")); err != nil || len(left) > 0 {
		r.Errorf("left in the temporary folder: %v %v", left, err)
	}
	return r.command.ProcessState.ExitCode()
}

// reloaded waits until the new program serves and the old one, which may answer
// until then, has ended.
func (r *reloading) reloaded() {
	r.Helper()
	r.await("myproduct is reloaded.")
	r.await("drained")
}

func answer(text string) string { return strings.ReplaceAll(echo, "one", text) }

// TestReload goes through a day of work.
func TestReload(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds a product a dozen times")
	}
	r := startReloading(t, newProduct(t))
	r.want("one")

	// Requests go on all the while, and none is refused or dropped. Without pauses
	// they would take a processor from the builds.
	ctx, cancel := context.WithCancel(t.Context())
	var load sync.WaitGroup
	var requests int
	load.Go(func() {
		next := time.NewTicker(10 * time.Millisecond)
		defer next.Stop()
		for ctx.Err() == nil {
			<-next.C
			requests++
			if _, err := get(r.address, "echo"); err != nil {
				t.Error(err)
			}
		}
	})

	r.save(answer("two"))
	r.reloaded()
	r.want("two")

	r.save(answer("three") + "nonsense\n")
	r.await("api/v0/echo/echo.go:6: ")
	r.await("The old program serves on.")
	r.want("two")

	r.save(answer("three") + "var x int = 1.5\n")
	r.await("api/v0/echo/echo.go:6:13: cannot use 1.5")
	r.await("The old program serves on.")
	r.want("two")

	r.save(answer("three") + "func init() { panic(\"no start\") }\n")
	r.await("panic: no start")
	r.await("myproduct ended before it was ready (exit status 2).")
	r.await("The old program serves on.")
	r.want("two")

	r.save(answer("four"))
	r.reloaded()
	r.want("four")

	// A new folder, and what is in a folder that was moved in.
	writeFile(t, r.dir, "api/v0/a/b/b.go", strings.ReplaceAll(answer("five"), "echo", "b"))
	r.reloaded()
	if got, err := get(r.address, "a/b"); got != "five" || err != nil {
		t.Errorf("got %q, %v, want five", got, err)
	}
	writeFile(t, r.dir, "api/v0/a/b/b.go", strings.ReplaceAll(answer("six"), "echo", "b"))
	r.reloaded()
	if err := os.RemoveAll(filepath.Join(r.dir, "api/v0/a")); err != nil {
		t.Fatal(err)
	}
	r.reloaded()

	r.save(answer("four"))
	r.await("myproduct is unchanged.")

	// Tests and other files are nothing to build for.
	for _, name := range []string{"api/v0/echo/echo_test.go", "data.db", "api/v0/echo/.echo.go.swp", "testdata/x.go"} {
		writeFile(t, r.dir, name, "package echo\n")
	}
	r.save(answer("seven"))
	r.reloaded()
	r.want("seven")

	// What is embedded is.
	writeFile(t, r.dir, "api/v0/echo/answer.txt", "eight")
	r.save("package echo\n\nimport (\n\t_ \"embed\"\n\t\"net/http\"\n)\n\n//go:embed answer.txt\nvar answer []byte\n\n" +
		"func Read(w http.ResponseWriter, r *http.Request) { w.Write(answer) }\n")
	r.reloaded()
	r.want("eight")
	writeFile(t, r.dir, "api/v0/echo/answer.txt", "nine")
	r.reloaded()
	r.want("nine")

	// The module's own files.
	writeFile(t, r.dir, "go.mod", "module example.com/renamed"+strings.TrimPrefix(goMod("example.com/mine"), "module example.com/mine"))
	r.reloaded()

	cancel()
	load.Wait()
	if requests < 10 {
		t.Errorf("only %d requests were made", requests)
	}
	if got := r.stop(syscall.SIGTERM); got != 7 {
		t.Errorf("got exit status %d, want the program's, 7", got)
	}
	r.await("drained")
	r.await("returned")
	if got := strings.Count(r.log.String(), "is reloaded."); got != 9 {
		t.Errorf("reloaded %d times, want 9", got)
	}
}

// TestReloadEnd is about programs that end by themselves, or never get ready.
func TestReloadEnd(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds a product several times")
	}
	const head = "package echo\n\nimport (\n\t\"net/http\"\n\t\"os\"\n\t\"time\"\n)\n\n"
	dir := newProduct(t)
	writeFile(t, dir, "api/v0/echo/echo.go", "package echo\n\nfunc Read(request struct{}) error { return 1 }\n")
	r := startReloading(t, dir, "RELOAD_READY=2s")
	r.await("cannot use 1")
	r.await("Waiting for a change.")
	r.want(unavailable)

	r.save(head + "func Read(http.ResponseWriter, *http.Request) { time.Sleep(0); os.Exit(3) }\n")
	body, err := get(r.address, "echo") // waits in the queue once the change is seen
	for err == nil && body == unavailable {
		body, err = get(r.address, "echo")
	}
	if err == nil {
		t.Errorf("got %q, want an error", body)
	}
	r.await("(exit status 3).") // it may not even have said that it is ready
	r.await("Waiting for a change.")
	r.want(unavailable)

	r.save(head + "func init() { time.Sleep(time.Hour); os.Exit(3) }\n\nfunc Read(http.ResponseWriter, *http.Request) {}\n")
	r.await("myproduct wasn't ready within 2s and was killed.")
	r.await("Waiting for a change.")

	r.save(answer("one"))
	r.want("one")
	if got := r.stop(syscall.SIGINT); got != 7 {
		t.Errorf("got exit status %d, want 7", got)
	}
}

// TestReloadSources saves what a program is built from besides its own Go files, with
// events of files and without.
func TestReloadSources(t *testing.T) {
	t.Parallel()
	for name, env := range map[string]string{"events": "RELOAD_POLL=0", "poll": "RELOAD_POLL=50ms"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			top := realPath(t, t.TempDir())
			dir := filepath.Join(top, "mine", "myproduct")
			forget(t, dir)
			writeFile(t, top, "mine/go.mod", goMod("example.com/mine"))
			writeFile(t, top, "mine/lib/lib.go", "package lib\n\nconst Name = \"lib one\"\n")
			writeFile(t, top, "other/target.go", "package echo\n\nconst target = \"target one\"\n")
			writeFile(t, dir, "api/v0/echo/_static/deep/file.txt", "file one")
			if err := os.Symlink(filepath.Join(top, "other/target.go"), filepath.Join(dir, "api/v0/echo/target.go")); err != nil {
				t.Fatal(err)
			}
			wrong := "package echo\n\nfunc Read(wrong, wrong, wrong int) {}\n"
			writeFile(t, dir, "api/v0/echo/echo.go", wrong)

			r := startReloading(t, dir, env)
			r.await("echo.go:3: ") // a product that can't even be loaded
			r.await("Waiting for a change.")
			r.want(unavailable)
			r.save("package echo\n\nimport (\n\t\"embed\"\n\t\"net/http\"\n\n\t\"example.com/mine/lib\"\n)\n\nvar (\n\t//go:embed _static\n\tfiles embed.FS\n)\n\n" +
				"func Read(w http.ResponseWriter, r *http.Request) {\n\tfile, _ := files.ReadFile(\"_static/deep/file.txt\")\n\tw.Write(append(file, \", \"+target+\", \"+lib.Name...))\n}\n")
			r.want("file one, target one, lib one")

			writeFile(t, dir, "api/v0/echo/_static/deep/file.txt", "file two")
			r.reloaded()
			r.want("file two, target one, lib one")
			writeFile(t, top, "other/target.go", "package echo\n\nconst target = \"target two\"\n")
			r.reloaded()
			r.want("file two, target two, lib one")
			writeFile(t, top, "mine/lib/lib.go", "package lib\n\nconst Name = \"lib two\"\n")
			r.reloaded()
			r.want("file two, target two, lib two")
			r.stop(syscall.SIGTERM)
		})
	}
}

// hanging never answers, and says so to the log when it is asked.
const hanging = `package echo

import (
	"fmt"
	"net/http"
	"os"
)

func Read(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(os.Stderr, "asked %d\n", os.Getpid())
	select {}
}
`

func TestReloadSecondSignalKills(t *testing.T) {
	t.Parallel()
	dir := newProduct(t)
	writeFile(t, dir, "api/v0/echo/echo.go", hanging)
	r := startReloading(t, dir)
	go get(r.address, "echo")
	r.await("asked")
	if err := r.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	r.await("Stopping")
	if got, want := r.stop(syscall.SIGTERM), 128+int(syscall.SIGKILL); got != want {
		t.Errorf("got exit status %d, want %d", got, want)
	}
}

// TestReloadKilled kills the parent: on Linux its program drains.
func TestReloadKilled(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("needs Linux")
	}
	dir := newProduct(t)
	r := startReloading(t, dir)
	r.want("one")
	if err := r.command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	r.await("drained")
	<-r.ended
}
