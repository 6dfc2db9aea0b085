package server_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server"
)

type uploaded struct {
	File apiphant.File `json:"file" required:"true"`
}

// uploads serves a function that takes a file, and says what was seen of it.
func uploads(do func(ctx context.Context, f apiphant.File) (string, error)) *apiphant.API {
	api := echo()
	api.Handle("v0/uploads", apiphant.Actions{Create: apiphant.Func(func(ctx context.Context, u uploaded) (apiphant.Object, error) {
		text, err := do(ctx, u.File)
		return apiphant.Object{"seen": text}, err
	})})
	return api
}

// uploadOf returns a request with a file.
func uploadOf(content string, headers string) string {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	part, _ := w.CreateFormFile("file", "a.txt")
	_, _ = io.WriteString(part, content)
	_ = w.Close()
	return fmt.Sprintf("POST /api/v0/uploads/create HTTP/1.1\r\nHost: test\r\nContent-Type: %s\r\nContent-Length: %d\r\n%s\r\n%s",
		w.FormDataContentType(), body.Len(), headers, body.String())
}

// TestFilesTakeOfTheBudget of BodyMemory while their call runs, and are kept on disk
// where it has no room.
func TestFilesTakeOfTheBudget(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	small := strings.Repeat("x", 500_000)
	for name, test := range map[string]struct {
		memory   int64
		content  string
		inMemory bool
	}{
		"room":         {0, small, true},
		"little room":  {100_000, small, false},
		"a large file": {0, strings.Repeat("y", 5<<20), false},
	} {
		s := &server.Server{BodyMemory: test.memory}
		running := start(t, uploads(func(_ context.Context, f apiphant.File) (string, error) {
			r, err := f.Open()
			if err != nil {
				return "", err
			}
			content, err := io.ReadAll(r)
			took := s.Stats().BodyMemory
			return fmt.Sprint(string(content) == test.content, took >= 2*int64(len(test.content))), err
		}), s)
		c := running.dial()
		for range 2 {
			if got, want := c.ask(uploadOf(test.content, "")).String(), fmt.Sprintf(`200 {"seen":"true %t"}`, test.inMemory); got != want {
				t.Errorf("%s: got %s, want %s", name, got, want)
			}
		}
		if took := s.Stats(); took.BodyMemory != 0 || took.Running != 0 {
			t.Errorf("%s: after the calls %+v", name, took)
		}
		if left, _ := os.ReadDir(folder); len(left) > 0 {
			t.Errorf("%s: %d files are left", name, len(left))
		}
	}
}

// TestUploadIsCut: the function does not run, and nothing is left.
func TestUploadIsCut(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	var calls atomic.Int32
	s := &server.Server{}
	running := start(t, uploads(func(context.Context, apiphant.File) (string, error) {
		calls.Add(1)
		return "", nil
	}), s)
	whole := uploadOf(strings.Repeat("x", 3<<20), "")
	for _, length := range []int{len(whole) - 1, len(whole) - 3<<19, 400} {
		c := running.dial()
		c.send(whole[:length])
		c.Close()
	}
	until(t, "the calls have ended", func() bool { return s.Stats().Connections == 0 })
	if n := calls.Load(); n > 0 {
		t.Errorf("the function ran %d times", n)
	}
	if took := s.Stats(); took.BodyMemory != 0 || took.Running != 0 {
		t.Errorf("after the calls %+v", took)
	}
	if left, _ := os.ReadDir(folder); len(left) > 0 {
		t.Errorf("%d files are left", len(left))
	}
}

func TestUploadBeyondItsBound(t *testing.T) {
	s := &server.Server{MaxUpload: 1000}
	running := start(t, uploads(func(_ context.Context, f apiphant.File) (string, error) { return f.Name, nil }), s)
	c := running.dial()
	if got := c.ask(uploadOf("small", "")); got.String() != `200 {"seen":"a.txt"}` {
		t.Errorf("got %v", got)
	}
	if got := c.ask(uploadOf(strings.Repeat("x", 1000), "")); got.String() != refusal(413) {
		t.Errorf("got %v, want 413", got)
	}
	c.wantClosed()
}
