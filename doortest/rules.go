package doortest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/apiphant/apiphant"
)

// held is how many bytes of an answer are held back, see docs/protocol.md.
const held = 32 << 10

// addRules adds functions that use their [http.ResponseWriter] in unusual ways.
func addRules(read func(string, apiphant.Action)) {
	raw := func(name string, f http.HandlerFunc) { read("v0/rules/"+name, apiphant.Raw(f)) }
	for name, statuses := range map[string][]int{
		"0": {0}, "99": {99}, "1000": {1000}, "minus": {-200}, "999": {999}, "599": {599},
		"twice": {201, 202}, "then-0": {201, 0}, "informational": {103, 100, 201}, "informational-only": {103},
	} {
		raw("status-"+name, func(w http.ResponseWriter, _ *http.Request) {
			for _, status := range statuses {
				w.WriteHeader(status)
			}
			_, _ = io.WriteString(w, "text")
		})
	}
	addHeaderRules(raw)
	addBodyRules(raw)
	addLengthRules(raw)
}

// must panics unless err is as wanted. As long as nothing was sent, that is a 500.
func must(err, want error) {
	if !errors.Is(err, want) {
		panic(fmt.Sprintf("the error is %v, want %v", err, want))
	}
}

func addHeaderRules(raw func(string, http.HandlerFunc)) {
	header := func(name string, set func(h http.Header)) {
		raw("header-"+name, func(w http.ResponseWriter, _ *http.Request) {
			set(w.Header())
			_, _ = io.WriteString(w, "<html>")
		})
	}
	header("two-lines", func(h http.Header) { h.Set("X-Lines", "a\r\nX-Injected: yes") })
	header("spaces", func(h http.Header) { h.Set("X-Spaces", "  a b\t") })
	header("no-name", func(h http.Header) { h["X Bad"], h[""], h["X-Good"] = []string{"1"}, []string{"2"}, []string{"3"} })
	header("lower-case", func(h http.Header) { h["x-lower"] = []string{"yes"} })
	header("no-values", func(h http.Header) { h["X-None"], h["Content-Type"] = nil, nil })
	header("trailers", func(h http.Header) {
		h.Set("Trailer", "X-One")
		h.Set("X-One", "1")
		h.Set(http.TrailerPrefix+"X-Two", "2")
	})
	header("transfer-encoding", func(h http.Header) { h.Set("Transfer-Encoding", "chunked") })
	header("content-encoding", func(h http.Header) { h.Set("Content-Encoding", "gzip") })
	header("content-type", func(h http.Header) { h.Set("Content-Type", "image/x") })
	header("request-id", func(h http.Header) { h.Set("X-Request-Id", "the-function-s") })
	raw("header-late", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusOK)
		w.Header().Set("X-Late", "late")
		w.Header().Set("Content-Type", "image/x")
		_, _ = io.WriteString(w, "<html>")
	})
}

func addBodyRules(raw func(string, http.HandlerFunc)) {
	for name, status := range map[string]int{"204": http.StatusNoContent, "304": http.StatusNotModified} {
		raw("body-of-"+name, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/x")
			w.Header().Set("Content-Length", "4")
			w.WriteHeader(status)
			_, err := w.Write(nil)
			must(err, nil)
			_, err = io.WriteString(w, "text")
			must(err, http.ErrBodyNotAllowed)
		})
		raw("flush-of-"+name, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			must(http.NewResponseController(w).Flush(), nil)
			panic("secret")
		})
	}
	raw("text", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "text") })
	raw("nothing-written", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(nil) })
	raw("flush-then-panic", func(w http.ResponseWriter, _ *http.Request) {
		must(http.NewResponseController(w).Flush(), nil)
		panic("secret")
	})
	for name, size := range map[string]int{"held": held, "more": held + 1} {
		raw(name+"-then-panic", func(w http.ResponseWriter, _ *http.Request) {
			for range size {
				_, _ = io.WriteString(w, "x")
			}
			panic("secret")
		})
	}
	raw("copy", func(w http.ResponseWriter, _ *http.Request) {
		n, err := io.Copy(w, io.LimitReader(endless("copy "), 100_000))
		must(err, nil)
		if n != 100_000 {
			panic(n)
		}
	})
	raw("content", func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "a.txt", time.Unix(1e9, 0), strings.NewReader("0123456789"))
	})
}

// endless is an [io.Reader] that repeats a text.
type endless string

func (e endless) Read(p []byte) (int, error) {
	n := 0
	for n+len(e) <= len(p) {
		n += copy(p[n:], e)
	}
	if n == 0 {
		n = copy(p, e)
	}
	return n, nil
}

func addLengthRules(raw func(string, http.HandlerFunc)) {
	declared := func(name, length string, write func(w http.ResponseWriter)) {
		raw("length-"+name, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", length)
			write(w)
		})
	}
	text := func(w http.ResponseWriter) { _, _ = io.WriteString(w, "text") }
	declared("right", "4", text)
	declared("no-number", "four", text)
	declared("negative", "-4", text)
	declared("too-short", "3", func(w http.ResponseWriter) {
		_, err := io.WriteString(w, "text")
		must(err, http.ErrContentLength)
		_, err = io.WriteString(w, "tex")
		must(err, nil)
	})
	declared("too-long", "5", text)
	declared("of-a-stream", "8", func(w http.ResponseWriter) {
		text(w)
		must(http.NewResponseController(w).Flush(), nil)
		text(w)
	})
}
