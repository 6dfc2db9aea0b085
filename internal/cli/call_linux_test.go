package cli_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/apiphant/apiphant/internal/cli"
)

// terminal opens a pseudo terminal: see pts(4).
func terminal(t *testing.T) (screen, program *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no pseudo terminals: ", err)
	}
	t.Cleanup(func() { screen.Close() })
	number, err := unix.IoctlGetInt(int(screen.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(screen.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return screen, program
}

func TestCallOnTerminal(t *testing.T) {
	large := `{"a":"` + strings.Repeat("x", 1<<20) + `"}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		switch r.URL.Path {
		case "/large":
			_, _ = io.WriteString(w, large)
		case "/broken":
			_, _ = io.WriteString(w, `{"a":`)
		case "/text":
			w.Header()["Content-Type"] = nil
			_, _ = io.WriteString(w, `{"a":1}`)
		default:
			w.WriteHeader(http.StatusTeapot)
			_, _ = io.WriteString(w, `{"b":[1,2.50],"a":{}}`)
		}
	}))
	defer server.Close()
	for path, want := range map[string]struct {
		status         int
		stdout, stderr string
	}{
		"/":       {1, "{\n  \"b\": [\n    1,\n    2.50\n  ],\n  \"a\": {}\n}\n", "418 I'm a teapot, application/json, "},
		"/large":  {0, large, "200 OK, application/json, "},
		"/broken": {0, `{"a":`, "200 OK, application/json, "},
		"/text":   {0, `{"a":1}`, "200 OK, no content type, "},
	} {
		t.Run(path, func(t *testing.T) {
			screen, program := terminal(t)
			shown := make(chan string)
			go func() {
				text, _ := io.ReadAll(screen) // ends with EIO when the program's side is closed
				shown <- strings.ReplaceAll(string(text), "\r\n", "\n")
			}()
			var stderr bytes.Buffer
			status := cli.Apiphant(context.Background(), []string{"call", server.URL + path}, program, &stderr)
			program.Close()
			stdout := <-shown
			if status != want.status || stdout != want.stdout || !regexp.MustCompile("^"+want.stderr+`[0-9.mµ]*s\n$`).MatchString(stderr.String()) {
				t.Errorf("status %d, %.200q, %q", status, stdout, stderr.String())
			}
		})
	}
	// The null device is no terminal.
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	var stderr bytes.Buffer
	if cli.Apiphant(context.Background(), []string{"call", server.URL + "/large"}, null, &stderr); stderr.Len() > 0 {
		t.Errorf("with the null device it prints %q", stderr.String())
	}
}
