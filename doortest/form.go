package doortest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"os"
	"runtime"
	"testing"
	"time"
)

// form is a raw function that lets net/http keep a file of a form in a temporary file,
// and reports the name of that.
func (l *live) form(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseMultipartForm(0); err != nil {
		l.came <- err.Error()
		return
	}
	file, _, err := r.FormFile("file")
	if err != nil {
		l.came <- err.Error()
		return
	}
	defer file.Close()
	l.came <- file.(*os.File).Name()
	if r.URL.RawQuery == "panic" {
		panic("on purpose")
	}
}

// formFile is more than net/http keeps in memory where ParseMultipartForm is given 0.
var formFile = bytes.Repeat([]byte("file"), 64<<10/4)

// forms sends a form with a file, and looks for what is left of it after the call.
func (l *live) forms(t *testing.T, c client) {
	for _, end := range []string{"return", "panic"} {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		part, _ := form.CreateFormFile("file", "a.txt")
		_, _ = part.Write(formFile)
		_ = form.Close()
		r := request{
			method: http.MethodPost, target: "/api/v0/live/form/read?" + end,
			header: http.Header{"Content-Type": {form.FormDataContentType()}}, body: body.Bytes(),
		}
		if _, err := ask(t.Context(), c, r); err != nil {
			t.Fatal(err)
		}
		name := receive(t, l.came, "the name of a temporary file")
		deadline := time.Now().Add(timeout)
		for exists(name) { // the answer may arrive just before the call has ended
			if time.Now().After(deadline) {
				t.Fatalf("%s is still there after the call, which ended with a %s", name, end)
			}
			runtime.Gosched()
		}
	}
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return !errors.Is(err, fs.ErrNotExist)
}

// refused sends a head whose body is sent only once the door asks for it: the answer
// of the middleware must come without that.
func (l *live) refused(t *testing.T, c client) {
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	body, sends := io.Pipe()
	defer sends.Close()
	r := post("refused", body, 10)
	r.header = http.Header{"Expect": {"100-continue"}}
	answer, err := c.begin(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("got %d before the body was sent, want 401", answer.StatusCode)
	}
}
