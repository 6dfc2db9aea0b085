package server_test

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server"
)

// TestAccessLog compares the lines of requests of all kinds.
func TestAccessLog(t *testing.T) {
	api := connectionAPI()
	running := start(t, api, &server.Server{MaxBody: 100})
	c := running.dial()
	for _, request := range []string{
		"POST /api/v0/echo/read?secret HTTP/1.1\r\nHost: test\r\nUser-Agent: curl\r\nX-Request-Id: a\r\nContent-Length: 7\r\n\r\n" + `{"a":1}`,
		"POST /nothing%0a HTTP/1.1\r\nHost: test\r\nX-Request-Id: b\r\n\r\n",
		"DELETE /api/v0/echo/read HTTP/1.1\r\nHost: test\r\nX-Request-Id: c\r\n\r\n",
		"GET /api/v0/raw/read HTTP/1.1\r\nHost: test\r\nX-Request-Id: d\r\n\r\n",
		"GET /api/v0/flush/read HTTP/1.1\r\nHost: test\r\nX-Request-Id: e\r\n\r\n",
		"POST /api/v0/fail/create HTTP/1.1\r\nHost: test\r\nX-Request-Id: f\r\n\r\n",
		"POST /api/v0/echo/read HTTP/1.1\r\nHost: test\r\nX-Request-Id: g\r\nContent-Length: 101\r\n\r\n",
	} {
		c.ask(request)
	}
	c.wantClosed()
	c = running.dial()
	c.ask("nonsense\r\n\r\n")
	c.wantClosed()
	c = running.dial()
	c.ask("POST /api/v0/echo/read HTTP/1.1\r\nHost: test\r\nX-Request-Id: h\r\nContent-Length: 6\r\nConnection: close\r\n\r\n{\"a\":x")
	c.wantClosed()
	want := []string{
		`POST /api/v0/echo/read 200 7 7 a curl`,
		`POST /nothing%0a 404 25 0 b `,
		`DELETE /api/v0/echo/read 501 31 0 c `,
		`GET /api/v0/raw/read 200 3 0 d `,
		`GET /api/v0/flush/read 200 7 0 e `,
		`POST /api/v0/fail/create 500 37 0 f `,
		`POST /api/v0/echo/read 413 40 0 g `,
		`  400 27 0  `,
		`POST /api/v0/echo/read 400 49 6 h  the body at offset 5: a value was expected`,
	}
	var got []string
	for line := range strings.Lines(running.access.String()) {
		var entry struct {
			Message, Method, Path string
			Status, Bytes         json.Number
			Received              json.Number
			Duration              *int64
			ID                    string `json:"request_id"`
			Remote                string `json:"remote_addr"`
			Agent                 string `json:"user_agent"`
			Reason                string
			Time                  time.Time
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if len(entry.ID) == 32 { // made
			entry.ID = ""
		}
		got = append(got, strings.Join([]string{entry.Method, entry.Path, entry.Status.String(), entry.Bytes.String(), entry.Received.String(), entry.ID, entry.Agent}, " ")+strings.TrimSuffix(" "+entry.Reason, " "))
		if entry.Message != "access" || entry.Duration == nil || *entry.Duration <= 0 || time.Since(entry.Time) > time.Minute || !strings.HasPrefix(entry.Remote, "127.0.0.1:") {
			t.Errorf("got %s", line)
		}
	}
	if difference := cmp.Diff(want, got); difference != "" {
		t.Error(difference)
	}
}

// TestRequestID: the one that came, if it is a good one, or one that is made, is
// the same in the answer, in the access log and in the function's lines.
func TestRequestID(t *testing.T) {
	api := echo()
	api.Handle("v0/log", apiphant.Actions{Read: apiphant.Proc(func(ctx context.Context, _ apiphant.Object) error {
		apiphant.Log(ctx).Info("a line")
		return nil
	})})
	made := regexp.MustCompile(`^[0-9a-f]{32}$`)
	tests := []struct {
		came string
		kept bool
	}{
		{"", false},
		{"x", true},
		{"AZaz09._-", true},
		{strings.Repeat("x", 128), true},
		{strings.Repeat("x", 129), false},
		{"a b", false},
		{"a\"b", false},
		{"a/b", false},
		{"\u00e4", false},
	}
	for _, tt := range tests {
		running := start(t, api, &server.Server{})
		c := running.dial()
		got := c.ask("POST /api/v0/log/read HTTP/1.1\r\nHost: test\r\nConnection: close\r\nX-Request-ID: " + tt.came + "\r\n\r\n")
		c.wantClosed()
		id := got.header.Get("X-Request-Id")
		if tt.kept && id != tt.came || !tt.kept && !made.MatchString(id) {
			t.Errorf("%q: got %q", tt.came, id)
		}
		for name, log := range map[string]string{"the log": running.log.String(), "the access log": running.access.String()} {
			if !strings.Contains(log, `"request_id":"`+id+`"`) {
				t.Errorf("%q: %s has not %q: %s", tt.came, name, id, log)
			}
		}
		running.end()
		wait(t, "Serve ends", running.ended)
		running.ended <- nil
	}
}

// TestTraceParent: a valid one is in the context, and its ids are in the call's
// lines and in the access log; an invalid one is nowhere.
func TestTraceParent(t *testing.T) {
	const id, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	api := echo()
	read := func(ctx context.Context) (any, error) {
		apiphant.Log(ctx).Info("a line")
		return apiphant.Object{"parent": apiphant.TraceParent(ctx)}, nil
	}
	api.Handle("v0/trace", apiphant.Actions{
		Read: apiphant.Func(func(ctx context.Context, _ apiphant.Object) (any, error) {
			child, cancel := context.WithCancel(ctx)
			defer cancel()
			return read(child)
		}),
		Create: apiphant.RawRequest(func(_ context.Context, r *http.Request) (any, error) { return read(r.Context()) }),
	})
	for _, tt := range []struct{ came, want string }{
		{"00-" + id + "-" + span + "-01", "00-" + id + "-" + span + "-01"},
		{"01-" + id + "-" + span + "-01-more", "00-" + id + "-" + span + "-01"},
		{"00-" + strings.ToUpper(id) + "-" + span + "-01", ""},
		{"", ""},
	} {
		for _, path := range []string{"/api/v0/trace/read", "/api/v0/trace/create"} {
			running := start(t, api, &server.Server{})
			c := running.dial()
			got := c.ask("POST " + path + " HTTP/1.1\r\nHost: test\r\nConnection: close\r\ntraceparent: " + tt.came + "\r\n\r\n")
			c.wantClosed()
			if want := `200 {"parent":"` + tt.want + `"}`; got.String() != want {
				t.Errorf("%q: got %v, want %v", tt.came, got, want)
			}
			line := `"trace_id":"` + id + `","parent_id":"` + span + `"`
			if log := running.log.String(); strings.Contains(log, line) != (tt.want != "") || strings.Contains(log, "trace_id") != (tt.want != "") {
				t.Errorf("%q: the log is %s", tt.came, log)
			}
			if log := running.access.String(); strings.Contains(log, `"trace_id":"`+id+`"`) != (tt.want != "") || strings.Contains(log, "trace_id") != (tt.want != "") {
				t.Errorf("%q: the access log is %s", tt.came, log)
			}
		}
	}
	if got := apiphant.TraceParent(context.Background()); got != "" {
		t.Errorf("outside a call: got %q", got)
	}
}
