package serve_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	tasks "github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/program"
	"github.com/apiphant/apiphant/program/background"
	"github.com/apiphant/apiphant/program/serve"
)

func Works(context.Context) error { return nil }

// withTask is a product that also has a task.
func withTask() program.Product {
	product := echo(nil)
	product.Doors = []program.Door{serve.Door{}, background.Door{
		Tasks: func() []tasks.Task { return []tasks.Task{tasks.Seconds(1, Works)} },
	}}
	return product
}

// output may be written and read concurrently.
type output struct {
	mu      sync.Mutex
	text    bytes.Buffer
	written chan struct{} // closed at the next Write; nil: nobody waits
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.written != nil {
		close(o.written)
		o.written = nil
	}
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// await waits until part was written.
func (o *output) await(t *testing.T, part string) {
	t.Helper()
	timeout := time.After(patience)
	for {
		o.mu.Lock()
		found := strings.Contains(o.text.String(), part)
		if o.written == nil {
			o.written = make(chan struct{})
		}
		written := o.written
		o.mu.Unlock()
		if found {
			return
		}
		select {
		case <-written:
		case <-timeout:
			t.Fatalf("waited for %q in:\n%s", part, o)
		}
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

func get(t *testing.T, url string) string {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
