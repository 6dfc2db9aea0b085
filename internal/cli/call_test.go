package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/apiphant/apiphant/internal/cli"
)

// call runs apiphant call.
func call(args ...string) (status int, stdout, stderr string) {
	var out, err bytes.Buffer
	status = cli.Apiphant(context.Background(), append([]string{"call"}, args...), &out, &err)
	return status, out.String(), err.String()
}

// described is what a server sees of a request.
type described struct{ Method, Path, Type, Many, Host, Agent, Body string }

func describe(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(described{r.Method, r.URL.String(), r.Header.Get("Content-Type"), strings.Join(r.Header["X-Many"], ","), r.Host, r.UserAgent(), string(body)})
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestCallRequest(t *testing.T) {
	address := describe(t)
	host := strings.TrimPrefix(address, "http://")
	file := filepath.Join(t.TempDir(), "body.json")
	if err := os.WriteFile(file, []byte(`{"from":"file"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		args []string
		want described
	}{
		{"no data", nil, described{Method: "GET"}},
		{"data", []string{"-d", `{"a":1}`}, described{Method: "POST", Type: "application/json", Body: `{"a":1}`}},
		{"no text as data", []string{"-d", ""}, described{Method: "POST", Type: "application/json"}},
		{"a file", []string{"-d", "@" + file}, described{Method: "POST", Type: "application/json", Body: `{"from":"file"}`}},
		{"an empty file", []string{"-d", "@" + os.DevNull}, described{Method: "POST", Type: "application/json"}},
		{"a method and headers", []string{"-X", "PATCH", "-d", "x", "-H", "content-type: text/plain", "-H", "X-Many: 1", "-H", "X-Many:2", "-H", "Host: example.com", "-H", "User-Agent: me"},
			described{Method: "PATCH", Type: "text/plain", Many: "1,2", Host: "example.com", Agent: "me", Body: "x"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, stdout, stderr := call(append(test.args, address+"/path?q=1")...)
			var got described
			if err := json.Unmarshal([]byte(stdout), &got); err != nil || status != 0 || stderr != "" {
				t.Fatalf("status %d, %q, %q: %v", status, stdout, stderr, err)
			}
			want := test.want
			if want.Host == "" {
				want.Host, want.Agent = host, "apiphant"
			}
			want.Path = "/path?q=1"
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the request differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCallStatus(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/redirect":
			http.Redirect(w, r, "/gone", http.StatusFound)
		case "/cut":
			w.Header().Set("Content-Length", "10")
			_, _ = io.WriteString(w, "half")
		case "/slow":
			<-r.Context().Done()
		default:
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"error":"404 Not Found"}`)
		}
	}))
	defer server.Close()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	for _, test := range []struct {
		name           string
		args           []string
		status         int
		stdout, stderr string
	}{
		{"an error", []string{server.URL + "/x"}, 1, `{"error":"404 Not Found"}`, "apiphant: 404 Not Found\n"},
		{"a redirection", []string{server.URL + "/redirect"}, 0, "Found", ""},
		{"an answer that is cut off", []string{server.URL + "/cut"}, 1, "half", "the answer is cut off"},
		{"no answer", []string{server.URL + "/slow", "--timeout", "20ms"}, 1, "", "has not answered within 20ms: --timeout 2m waits longer"},
		{"nobody", []string{"http://" + ln.Addr().String()}, 1, "", "nothing listens at " + ln.Addr().String() + ": is the server running? apiphant PATH HOST:PORT starts one"},
		{"an unknown host", []string{"http://a..b/"}, 1, "", "the host a..b is not found"},
		{"no file", []string{server.URL, "-d", "@/no/such/file"}, 1, "", "no such file"},
		{"no scheme", []string{"127.0.0.1:8001/x"}, 2, "", "has no scheme: want a URL such as http://127.0.0.1:8001/api/v0/echo/read"},
		{"an unknown scheme", []string{"ftp://x/y"}, 2, "", `there is no asking by "ftp"`},
		{"no URL", nil, 2, "", "URL is missing"},
		{"no host", []string{"http:///x"}, 2, "", "is no URL"},
		{"no function", []string{"http+lambda:///x"}, 2, "", "names no function"},
		{"a header that is none", []string{server.URL, "-H", "nothing"}, 2, "", "want 'Name: value'"},
		{"a method that is none", []string{server.URL, "-X", "A B"}, 2, "", "invalid method"},
		{"a negative time-out", []string{server.URL, "--timeout", "-1s"}, 2, "", "want 0 or more"},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, stdout, stderr := call(test.args...)
			if status != test.status || !strings.Contains(stdout, test.stdout) || !strings.Contains(stderr, test.stderr) || test.stderr == "" && stderr != "" {
				t.Errorf("status %d, %q, %q", status, stdout, stderr)
			}
		})
	}
}

// TestCallStream: each event is printed before the next one is sent, and the time-out is
// for the first one.
func TestCallStream(t *testing.T) {
	const timeout = 300 * time.Millisecond
	next := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 3 {
			if i == 2 {
				<-time.After(2 * timeout) // which must not end it
			}
			fmt.Fprintf(w, "data: %d\n\n", i)
			_ = http.NewResponseController(w).Flush()
			<-next
		}
	}))
	defer server.Close()
	from, to := io.Pipe()
	status := make(chan int)
	go func() {
		defer to.Close()
		status <- cli.Apiphant(context.Background(), []string{"call", server.URL, "--timeout", timeout.String()}, to, io.Discard)
	}()
	lines := bufio.NewScanner(from)
	for i := 0; lines.Scan(); {
		if lines.Text() == fmt.Sprintf("data: %d", i) {
			i++
			next <- struct{}{}
		}
		if i == 3 {
			break
		}
	}
	if got := <-status; got != 0 {
		t.Errorf("the exit status is %d", got)
	}
}

// TestCallLambda: names of functions as AWS writes them.
func TestCallLambda(t *testing.T) {
	var asked string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.String()
		_, _ = io.WriteString(w, `{"statusCode":200,"body":"hello"}`)
	}))
	t.Setenv("AWS_ENDPOINT_URL_LAMBDA", server.URL)
	for address, want := range map[string]string{
		"http+lambda://shop/x":      "/2015-03-31/functions/shop/invocations",
		"http+lambda://shop:prod":   "/2015-03-31/functions/shop/invocations?Qualifier=prod",
		"http+lambda://prod.shop?a": "/2015-03-31/functions/shop/invocations?Qualifier=prod",
		"http+lambda://arn:aws:lambda:eu-west-1:123456789012:function:shop/x": "/2015-03-31/functions/arn:aws:lambda:eu-west-1:123456789012:function:shop/invocations",
	} {
		status, stdout, stderr := call(address)
		if unescaped := strings.ReplaceAll(asked, "%3A", ":"); status != 0 || stdout != "hello" || unescaped != want {
			t.Errorf("%s: status %d, %q, %q; asked %s, want %s", address, status, stdout, stderr, unescaped, want)
		}
	}
	server.Close()
	status, _, stderr := call("http+lambda://shop/")
	if status != 1 || !strings.Contains(stderr, "is the Lambda running that AWS_ENDPOINT_URL_LAMBDA names?") {
		t.Errorf("nobody there: status %d, %q", status, stderr)
	}
}
