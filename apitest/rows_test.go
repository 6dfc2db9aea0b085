package apitest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/apitest"
	"github.com/apiphant/apiphant/nethttp"
)

type tick struct {
	N     int    `json:"n,omitempty"`
	Error string `json:"error,omitempty"`
}

func (t tick) EventID() string { return strconv.Itoa(t.N) }

// ticks serves a function that returns a sequence, at v0/it/read.
func ticks(f func(ctx context.Context, yield func(tick, error) bool)) *apiphant.API {
	return newAPI(apiphant.Stream(func(ctx context.Context, _ apiphant.Object) iter.Seq2[tick, error] {
		return func(yield func(tick, error) bool) { f(ctx, yield) }
	}))
}

// read returns all rows, one a line, with their ids, and the error.
func read(client apitest.Client, leave int) (all string, err error) {
	count := 0
	for row, err := range client.Rows("it", "read", nil) {
		if err != nil {
			return all, err
		}
		all += strings.TrimSpace(string(row.JSON)+" "+row.ID) + "\n"
		if count++; count == leave {
			break
		}
	}
	return all, nil
}

// clients are of an API in the same process, and over a port; each in both forms.
func clients(t *testing.T, api *apiphant.API) map[string]apitest.Client {
	remote := httptest.NewServer(nethttp.Handler(api))
	t.Cleanup(remote.Close)
	address, err := url.Parse(remote.URL)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]apitest.Client{"local": apitest.Local(t, api).Client, "remote": {Port: int(netip.MustParseAddrPort(address.Host).Port())}}
	for name, client := range maps.Clone(all) {
		client.Header = http.Header{"Accept": {"text/event-stream"}}
		all[name+" events"] = client
	}
	return all
}

func TestRows(t *testing.T) {
	tests := []struct {
		name   string
		rows   func(ctx context.Context, yield func(tick, error) bool)
		want   string // without ids
		status int    // of a StreamError; 0: none
		body   string
	}{
		{"none", func(context.Context, func(tick, error) bool) {}, "", 0, ""},
		{"some", func(_ context.Context, yield func(tick, error) bool) {
			_ = yield(tick{N: 1}, nil) && yield(tick{N: 2}, nil)
		}, "{\"n\":1}\n{\"n\":2}\n", 0, ""},
		{"that look like errors", func(_ context.Context, yield func(tick, error) bool) {
			_ = yield(tick{Error: "one"}, nil) && yield(tick{Error: "two"}, nil) && yield(tick{N: 3}, nil) && yield(tick{Error: "four"}, nil)
		}, "{\"error\":\"one\"}\n{\"error\":\"two\"}\n{\"n\":3}\n{\"error\":\"four\"}\n", 0, ""},
		{"an error before", func(_ context.Context, yield func(tick, error) bool) {
			yield(tick{}, &apiphant.Error{Status: 409})
		}, "", 409, `{"error":"409 Conflict"}`},
		{"an error behind", func(_ context.Context, yield func(tick, error) bool) {
			_ = yield(tick{N: 1}, nil) && yield(tick{}, &apiphant.Error{Status: 409})
		}, "{\"n\":1}\n", 200, `{"error":"409 Conflict"}`},
	}
	for _, tt := range tests {
		for name, client := range clients(t, ticks(tt.rows)) {
			t.Run(tt.name+"/"+name, func(t *testing.T) {
				got, err := read(client, 0)
				if strings.HasSuffix(name, "events") {
					got = strings.NewReplacer(" 1\n", "\n", " 2\n", "\n", " 3\n", "\n", " 0\n", "\n").Replace(got)
				}
				var failed *apitest.StreamError
				switch {
				case got != tt.want:
					t.Errorf("got %q, want %q", got, tt.want)
				case tt.status == 0 && err != nil, tt.status != 0 && !errors.As(err, &failed):
					t.Errorf("got %v", err)
				case failed != nil && (failed.Status != tt.status || string(failed.Body) != tt.body):
					t.Errorf("got %d %s, want %d %s", failed.Status, failed.Body, tt.status, tt.body)
				}
			})
		}
	}
}

// TestRowsThatAreLeft: who leaves the loop has gone away.
func TestRowsThatAreLeft(t *testing.T) {
	ended := make(chan error)
	for name, client := range clients(t, ticks(func(ctx context.Context, yield func(tick, error) bool) {
		for yield(tick{N: 1}, nil) {
		}
		ended <- context.Cause(ctx)
	})) {
		if _, err := read(client, 2); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := <-ended; !errors.Is(err, apiphant.ErrClientGone) {
			t.Errorf("%s: the context ended with %v", name, err)
		}
	}
}

// TestRowsThatAreNone: an answer that is no stream, or not a whole one, is an error.
func TestRowsThatAreNone(t *testing.T) {
	var failed *apitest.StreamError
	if _, err := read(apitest.Local(t, newAPI(echo)).Client, 0); !errors.As(err, &failed) || failed.Status != 200 || string(failed.Body) != "{}" {
		t.Errorf("got %v for a function that doesn't stream", err)
	}
	cut := newAPI(apiphant.Raw(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/jsonl")
		_, _ = io.WriteString(w, "{\"n\":1}\n{\"n\"")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	if got, err := read(apitest.Local(t, cut).Client, 0); got != "{\"n\":1}\n" || err == nil || !strings.Contains(err.Error(), "--> 200, and then no whole answer") {
		t.Errorf("got %q and %v for a row that is cut", got, err)
	}
	if _, err := read(apitest.Client{Port: 1}, 0); err == nil || !strings.Contains(err.Error(), "nothing is served at") {
		t.Errorf("got %v where nothing is served", err)
	}
}

func ExampleClient_Rows() {
	api := &apiphant.API{}
	api.Handle("v0/ticks", apiphant.Actions{Read: apiphant.StreamWithoutContext(func(apiphant.Object) iter.Seq2[tick, error] {
		return func(yield func(tick, error) bool) {
			_ = yield(tick{N: 1}, nil) && yield(tick{N: 2}, nil) && yield(tick{}, &apiphant.Error{Status: 409, Detail: "no more"})
		}
	})})
	runTest(func(t testing.TB) {
		for row, err := range apitest.Local(t, api).Rows("ticks", "read", nil) {
			if err != nil {
				t.Log(err)
				break
			}
			var got tick
			if err := row.Decode(&got); err != nil {
				t.Fatal(err)
			}
			t.Log(fmt.Sprint(got.N))
		}
	})
	// Output:
	// 1
	// 2
	// POST http://local/api/v0/ticks/read --> 200 {"error":"no more"}
}
