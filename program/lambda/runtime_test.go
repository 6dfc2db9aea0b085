package lambda_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/apiphant/apiphant/internal/product"
)

// limit bounds each wait of a test.
const limit = 30 * time.Second

// built is the bootstrap of the product in testdata, which all tests start.
var built = sync.OnceValues(func() (string, error) {
	found, err := product.Load("testdata/shop")
	if err != nil {
		return "", err
	}
	return found.Build(context.Background(), product.BuildOptions{Lambda: true})
})

// report is what a program has sent of an event, or of its start.
type report struct {
	path    string // below /2018-06-01/runtime/
	body    string
	header  http.Header
	trailer http.Header
}

// instance is a program that was started as Lambda does it, with a runtime API of its own.
type instance struct {
	t       *testing.T
	process *exec.Cmd
	events  chan []byte
	reports chan report
	part    chan string // takes each part of an answer as it comes; nil: nobody looks
	asked   chan bool   // closed when the program has asked for its first event
	log     *os.File    // which has what was logged as soon as that was written
	ended   chan error
	count   int
}

// start starts the bootstrap with variables of its own.
func start(t *testing.T, environment ...string) *instance {
	t.Helper()
	bootstrap, err := built()
	if err != nil {
		t.Fatal(err)
	}
	i := &instance{t: t, events: make(chan []byte), reports: make(chan report, 10), asked: make(chan bool), ended: make(chan error, 1)}
	if i.log, err = os.Create(filepath.Join(t.TempDir(), "log")); err != nil {
		t.Fatal(err)
	}
	api := httptest.NewServer(i.api())
	i.process = exec.Command(bootstrap)
	i.process.Env = append([]string{"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(api.URL, "http://"), "PATH=" + os.Getenv("PATH"), "HTTP_PROXY=http://127.0.0.1:1"}, environment...)
	i.process.Stderr, i.process.Stdout = i.log, i.log
	if err := i.process.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { i.ended <- i.process.Wait() }()
	t.Cleanup(func() {
		_ = i.process.Process.Kill()
		api.CloseClientConnections()
		api.Close()
		if t.Failed() {
			t.Logf("the log:\n%.5000s", i.logText())
		}
		i.log.Close()
	})
	return i
}

// api returns Lambda's runtime API, and that for extensions.
func (i *instance) api() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /2020-01-01/extension/register", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Lambda-Extension-Identifier", "x")
	})
	mux.HandleFunc("GET /2020-01-01/extension/event/next", func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	first := sync.OnceFunc(func() { close(i.asked) })
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", func(w http.ResponseWriter, r *http.Request) {
		first()
		select {
		case event := <-i.events:
			i.count++
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", fmt.Sprint("event-", i.count))
			w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(10*time.Second).UnixMilli()))
			w.Header().Set("Lambda-Runtime-Trace-Id", "Root=1-5e1b4151-0")
			_, _ = w.Write(event)
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("POST /2018-06-01/runtime/", func(w http.ResponseWriter, r *http.Request) {
		body := i.read(r.Body)
		i.reports <- report{strings.TrimPrefix(r.URL.Path, "/2018-06-01/runtime/"), body, r.Header, r.Trailer}
		w.WriteHeader(http.StatusAccepted)
	})
	return mux
}

func (i *instance) read(body io.Reader) string {
	var whole []byte
	for part := make([]byte, 64<<10); ; {
		n, err := body.Read(part)
		if whole = append(whole, part[:n]...); n > 0 && i.part != nil {
			i.part <- string(part[:n])
		}
		if err != nil {
			return string(whole)
		}
	}
}

// send gives the program an event.
func (i *instance) send(event string) {
	i.t.Helper()
	select {
	case i.events <- []byte(event):
	case err := <-i.ended:
		i.ended <- err
		i.t.Fatalf("the program has ended: %v", err)
	case <-time.After(limit):
		i.t.Fatal("the program does not ask for events")
	}
}

// report returns what the program sends next.
func (i *instance) report() report {
	i.t.Helper()
	select {
	case sent := <-i.reports:
		return sent
	case err := <-i.ended:
		i.ended <- err
		i.t.Fatalf("the program has ended: %v", err)
	case <-time.After(limit):
		i.t.Fatal("the program sends nothing")
	}
	return report{}
}

// ask sends an event and returns what the program sends of it.
func (i *instance) ask(event string) report {
	i.t.Helper()
	i.send(event)
	return i.report()
}

// end waits for the program and returns its exit status.
func (i *instance) end() int {
	i.t.Helper()
	select {
	case <-i.ended:
		return i.process.ProcessState.ExitCode()
	case <-time.After(limit):
		i.t.Fatal("the program does not end")
	}
	return 0
}

// terminate ends the program as Lambda does.
func (i *instance) terminate() int {
	i.t.Helper()
	if err := i.process.Process.Signal(syscall.SIGTERM); err != nil {
		i.t.Fatal(err)
	}
	return i.end()
}

func (i *instance) logText() string {
	text, err := os.ReadFile(i.log.Name())
	if err != nil {
		i.t.Error(err)
	}
	return string(text)
}

// logged returns the lines of the log with a text in their message, decoded.
func (i *instance) logged(text string) (found []map[string]any) {
	i.t.Helper()
	for line := range strings.Lines(i.logText()) {
		entry := map[string]any{}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			i.t.Errorf("the log has %q, which is no JSON", line)
		}
		if message, _ := entry["message"].(string); strings.Contains(message, text) {
			found = append(found, entry)
		}
	}
	return found
}
