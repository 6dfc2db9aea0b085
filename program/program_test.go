package program_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/program"
	"github.com/apiphant/apiphant/program/serve"
)

func wantMatch(t *testing.T, pattern, text string) {
	t.Helper()
	if !regexp.MustCompile(pattern).MatchString(text) {
		t.Errorf("got\n%s\nwant a match of %s", text, pattern)
	}
}

func echo() program.Product {
	api := &apiphant.API{}
	api.Handle("v0/echo", apiphant.Actions{
		Read: apiphant.Func(func(_ context.Context, request apiphant.Object) (apiphant.Object, error) { return request, nil }).
			Timeout(90 * time.Second).MaxRunning(4),
		Delete: apiphant.Raw(func(http.ResponseWriter, *http.Request) {}),
	})
	return program.Product{Name: "myproduct", API: api, Doors: []program.Door{serve.Door{}}}
}

func TestUsage(t *testing.T) {
	tests := []struct {
		args           string
		status         int
		stdout, stderr string
	}{
		{"", 2, `^$`, `^myproduct: a command is missing\nusage: myproduct COMMAND\n       myproduct --help says more\n$`},
		{"nothing", 2, `^$`, `^myproduct: there is no command "nothing"\nusage: `},
		{"serve", 2, `^$`, `^myproduct: HOST:PORT is missing\nusage: myproduct serve HOST:PORT \[flags\]\n`},
		{"serve localhost", 2, `^$`, `^myproduct: address "localhost": want HOST:PORT, such as 127.0.0.1:8001\nusage: `},
		{"serve 127.0.0.1:0 more", 2, `^$`, `^myproduct: "more" is one argument too many\nusage: `},
		{"serve 127.0.0.1:0 --log xml", 2, `^$`, `^myproduct: --log is "xml": want text or json\nusage: myproduct serve `},
		{"routes more", 2, `^$`, `^myproduct: "more" is one argument too many\nusage: myproduct routes \[flags\]\n`},
		{"--nothing", 2, `^$`, `^myproduct: unknown flag: --nothing\nusage: `},
		{"--help", 0, `(?s)^myproduct is a JSON API.*myproduct serve 127.0.0.1:8001.*routes +Print`, `^$`},
		{"help serve", 0, `(?s)^Serve the API.*curl.*--max-body size.*\[APIPHANT_MAX_BODY\] \(default 1MiB\)`, `^$`},
		{"serve --help", 0, `(?s)^Serve the API.*myproduct serve 127.0.0.1:8001`, `^$`},
		{"--version", 0, `^myproduct version \S+ go1\.`, `^$`},
		{"completion bash", 0, `bash completion`, `^$`},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if status := echo().Run(t.Context(), strings.Fields(tt.args), &stdout, &stderr); status != tt.status {
				t.Errorf("got status %d, want %d", status, tt.status)
			}
			wantMatch(t, tt.stdout, stdout.String())
			wantMatch(t, tt.stderr, stderr.String())
		})
	}
}

// TestDoorsAreLinkedAlone: a program contains the doors that its main names, and
// nothing of the others.
func TestDoorsAreLinkedAlone(t *testing.T) {
	const (
		cron     = "github.com/robfig/cron/v3"
		fasthttp = "github.com/valyala/fasthttp"
		metrics  = "github.com/prometheus/client_golang/prometheus"
	)
	for _, tt := range []struct {
		pkg           string
		with, without []string
	}{
		{".", nil, []string{cron, fasthttp, metrics}},
		{"./serve", []string{fasthttp}, []string{cron}},
		{"./background", []string{cron}, []string{fasthttp}},
	} {
		out, err := exec.Command("go", "list", "-deps", tt.pkg).Output()
		if err != nil {
			t.Fatal(err)
		}
		deps := strings.Fields(string(out))
		for _, dep := range tt.with {
			if !slices.Contains(deps, dep) {
				t.Errorf("%s does not import %s: is it still called so?", tt.pkg, dep)
			}
		}
		for _, dep := range tt.without {
			if slices.Contains(deps, dep) {
				t.Errorf("%s imports %s, which is another door's", tt.pkg, dep)
			}
		}
	}
}

func TestRoutes(t *testing.T) {
	var text, asJSON, stderr bytes.Buffer
	product := echo()
	product.API.Address("GET /echo/{word}", "v0/echo/read")
	product.API.Handle("v0/photos", apiphant.Actions{Create: apiphant.Proc(func(context.Context, struct{ File apiphant.File }) error { return nil })})
	product.API.Use("v0/photos", func(next apiphant.Handler) apiphant.Handler {
		return next.Wrap(func(layer apiphant.Layer) apiphant.Handler {
			layer.Asks("photos:write")
			layer.Asks("here")
			return next
		})
	})
	if status := product.Run(t.Context(), []string{"routes"}, &text, &stderr); status != 0 {
		t.Errorf("got %d: %s", status, stderr.String())
	}
	wantMatch(t, `^\*     /api/v0/echo/delete    anyone              \S+program_test\.echo\.func2 +\S*program_test\.go:\d+
POST  /api/v0/echo/read      anyone              \S+program_test\.echo\.func1 +\S*program_test\.go:\d+
GET   /echo/{word}           anyone              \S+program_test\.echo\.func1 +\S*program_test\.go:\d+
POST  /api/v0/photos/create  photos:write, here  \S+program_test\.TestRoutes\.func1  \S*program_test\.go:\d+
$`, text.String())
	if status := product.Run(t.Context(), []string{"routes", "--json"}, &asJSON, &stderr); status != 0 {
		t.Errorf("got %d: %s", status, stderr.String())
	}
	var routes []map[string]any
	if err := json.Unmarshal(asJSON.Bytes(), &routes); err != nil || len(routes) != 3 {
		t.Fatalf("got %s, %v", asJSON.String(), err)
	}
	if status := product.Run(t.Context(), []string{"routes", "--fail-on-anyone"}, &text, &stderr); status != 1 ||
		!strings.Contains(stderr.String(), "anyone may call /api/v0/echo/delete, /api/v0/echo/read: ") {
		t.Errorf("got %d: %s", status, stderr.String())
	}
	if difference := cmp.Diff([]any{"photos:write", "here"}, routes[2]["access"]); difference != "" {
		t.Error(difference)
	}
	if routes[2]["files"] != true {
		t.Errorf("of a request with a File: got %v", routes[2])
	}
	for _, name := range []string{"function", "file", "line"} {
		if routes[1][name] == nil {
			t.Errorf("%s is missing", name)
		}
		delete(routes[1], name)
	}
	want := map[string]any{"method": "POST", "path": "/api/v0/echo/read", "version": "v0", "target": "echo", "action": "read",
		"addresses": []any{map[string]any{"method": "GET", "pattern": "/echo/{word}"}},
		"access":    []any{},
		"type":      "func(context.Context, apiphant.Object) (apiphant.Object, error)",
		"request":   "apiphant.Object", "response": "apiphant.Object", "files": false, "streams": false, "comment": "",
		"max_body": 0., "timeout": "1m30s", "max_running": 4.}
	if difference := cmp.Diff(want, routes[1]); difference != "" {
		t.Error(difference)
	}
}
