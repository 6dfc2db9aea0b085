package doortest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/apiphant/apiphant"
)

// addRaw adds functions that write their answers themselves, and some that fail.
func addRaw(read func(string, apiphant.Action)) {
	raw := func(name string, f http.HandlerFunc) { read("v0/raw/"+name, apiphant.Raw(f)) }
	response := func(name string, f func(w http.ResponseWriter) error) {
		read("v0/raw/"+name, apiphant.RawResponse(
			func(_ context.Context, _ apiphant.Object, w http.ResponseWriter) error { return f(w) }))
	}
	raw("method", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, r.Method+" "+r.URL.RequestURI())
	})
	raw("status", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-One", "1")
		w.Header()["X-Two"] = []string{"2"}
		w.WriteHeader(http.StatusTeapot)
		w.WriteHeader(http.StatusOK) // too late
		w.Header().Set("X-Late", "late")
		_, _ = io.WriteString(w, "<html>short and stout</html>")
	})
	raw("nothing", func(http.ResponseWriter, *http.Request) {})
	raw("no-content", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	raw("redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) })
	raw("large", func(w http.ResponseWriter, _ *http.Request) {
		for range 1 << 10 {
			_, _ = io.WriteString(w, strings.Repeat("x", 1<<10))
		}
	})
	raw("count", func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		if err != nil {
			apiphant.WriteError(w, r, err)
			return
		}
		_, _ = io.WriteString(w, strings.Repeat("I", int(n>>20)))
	})
	raw("write-error", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		apiphant.WriteError(w, r, &apiphant.Error{Status: http.StatusConflict, Detail: "twice"})
	})
	raw("write-plain-error", func(w http.ResponseWriter, r *http.Request) { apiphant.WriteError(w, r, errSecret) })
	raw("panic", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Unsent", "unsent")
		panic("secret")
	})
	raw("abort", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	raw("too-short", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10")
		_, _ = io.WriteString(w, "12345")
		w.(http.Flusher).Flush()
	})
	raw("late-panic", func(w http.ResponseWriter, _ *http.Request) {
		begin(w)
		panic("secret")
	})
	raw("late-abort", func(w http.ResponseWriter, _ *http.Request) {
		begin(w)
		panic(http.ErrAbortHandler)
	})
	response("stream", func(w http.ResponseWriter) error {
		begin(w)
		_, err := io.WriteString(w, ",more")
		return err
	})
	response("late-error", func(w http.ResponseWriter) error {
		begin(w)
		return &apiphant.Error{Status: http.StatusConflict}
	})
	response("error", func(http.ResponseWriter) error {
		return &apiphant.Error{Status: http.StatusConflict, Detail: "twice"}
	})
	response("plain-error", func(http.ResponseWriter) error { return errSecret })
	response("early-panic", func(http.ResponseWriter) error { panic("secret") })
	read("v0/raw/request-error", apiphant.RawRequest(func(_ context.Context, r *http.Request) (any, error) {
		if r.Method != http.MethodPut {
			return nil, &apiphant.Error{Status: http.StatusMethodNotAllowed}
		}
		return nil, errors.New("secret")
	}))
}

// begin sends the beginning of an answer, so that no error can be sent instead.
func begin(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/csv")
	_, _ = io.WriteString(w, "some")
	w.(http.Flusher).Flush()
}
