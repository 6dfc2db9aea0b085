package apiphant_test

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/nethttp"
)

// TestFormFilesAreRemoved: nothing that ParseMultipartForm has made is left, however
// the call ends, and whatever the function has done to its request.
func TestFormFilesAreRemoved(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	large := bytes.Repeat([]byte("x"), 64<<10) // ParseMultipartForm keeps in memory no more of files than it is told, which is nothing
	var form bytes.Buffer
	writer := multipart.NewWriter(&form)
	for i := range 3 {
		part, _ := writer.CreateFormFile(fmt.Sprint("file", i), "a.txt")
		_, _ = part.Write(large)
	}
	_ = writer.Close()
	whole := form.Bytes()
	for name, test := range map[string]struct {
		body []byte
		end  func(r *http.Request)
	}{
		"return": {whole, func(*http.Request) {}},
		"panic":  {whole, func(*http.Request) { panic("on purpose") }},
		"abort":  {whole, func(*http.Request) { panic(http.ErrAbortHandler) }},
		"Goexit": {whole, func(*http.Request) { runtime.Goexit() }},
		"cut":    {whole[:len(whole)-100], func(*http.Request) {}},
		"a form of its own": {whole, func(r *http.Request) {
			_ = r.MultipartForm.RemoveAll()
			r.MultipartForm = &multipart.Form{File: map[string][]*multipart.FileHeader{"a": {nil}}}
		}},
	} {
		parsed := false
		api := &apiphant.API{}
		api.Handle("v0/form", apiphant.Actions{Create: apiphant.Raw(func(w http.ResponseWriter, r *http.Request) {
			err := r.ParseMultipartForm(0)
			left, _ := filepath.Glob(filepath.Join(folder, "multipart-*"))
			parsed = (err == nil) == (len(left) > 0) && (err == nil) == (name != "cut")
			test.end(r)
		})})
		r := httptest.NewRequest(http.MethodPost, "/api/v0/form/create", io.MultiReader(bytes.NewReader(test.body)))
		r.Header.Set("Content-Type", writer.FormDataContentType())
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer func() { _ = recover() }() // of http.ErrAbortHandler
			nethttp.Handler(api).ServeHTTP(httptest.NewRecorder(), r)
		}()
		within(t, "the end of the call", done)
		if !parsed {
			t.Errorf("%s: the form was not parsed as the test means", name)
		}
		if left, _ := os.ReadDir(folder); len(left) > 0 {
			t.Errorf("%s: %d files are left, such as %s", name, len(left), strings.TrimSpace(left[0].Name()))
			_ = os.RemoveAll(filepath.Join(folder, left[0].Name()))
		}
	}
}
