package apitest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/apiphant/apiphant"
)

type number = json.Number

// transport is a function that answers requests.
type transport func(r *http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// answering answers every request alike.
func answering(status int, body string) transport {
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
	}
}

func TestClientAsks(t *testing.T) {
	type request struct {
		method, url, body, contentType string
	}
	tests := []struct {
		name   string
		client Client
		target string
		body   any
		want   request
	}{
		{"zero", Client{}, "echo", apiphant.Object{"b": 1, "a": "<&>"},
			request{"POST", "http://127.0.0.1:8888/api/v0/echo/read", `{"a":"<&>","b":1}`, "application/json"}},
		{"all", Client{Host: "example.com", Port: 80, Version: "v12", Method: "PUT", Header: http.Header{"content-type": {"text/plain"}}}, "shop/orders", nil,
			request{"PUT", "http://example.com:80/api/v12/shop/orders/read", "", "text/plain"}},
		{"IPv6", Client{Host: "::1"}, "echo", struct {
			X int `json:"x"`
		}{1}, request{"POST", "http://[::1]:8888/api/v0/echo/read", `{"x":1}`, "application/json"}},
		{"text", Client{}, "echo", ` {"a": 1.0`, request{"POST", "http://127.0.0.1:8888/api/v0/echo/read", ` {"a": 1.0`, "application/json"}},
		{"bytes", Client{}, "echo", []byte("\xff"), request{"POST", "http://127.0.0.1:8888/api/v0/echo/read", "\xff", "application/json"}},
		{"message", Client{}, "echo", json.RawMessage(`{ }`), request{"POST", "http://127.0.0.1:8888/api/v0/echo/read", `{ }`, "application/json"}},
		{"the path as it stands", Client{}, "../%65cho//", json.Number("1e400"), request{"POST", "http://127.0.0.1:8888/api/v0/../%65cho///read", `1e400`, "application/json"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got request
			client := test.client
			client.transport = transport(func(r *http.Request) (*http.Response, error) {
				body, err := io.ReadAll(r.Body)
				got = request{r.Method, r.URL.String(), string(body), strings.Join(r.Header.Values("Content-Type"), ", ")}
				if err != nil {
					return nil, err
				}
				return answering(200, "{}")(r)
			})
			if _, err := client.test(client.route(test.target, "read", test.body), 200, nil); err != nil {
				t.Fatal(err)
			}
			if got != test.want {
				t.Errorf("asked %+v\nwant  %+v", got, test.want)
			}
		})
	}
}

func TestClientCompares(t *testing.T) {
	tests := []struct {
		name   string
		status int
		body   string
		want   any
		errors []string // parts of the error; none: it is as wanted
	}{
		{"the same", 200, `{"a":[1,"x",null,true]}`, apiphant.Object{"a": []any{1, "x", nil, true}}, nil},
		{"another order, other white space", 200, ` { "b" : 2 , "a" : 1 } `, `{"a":1,"b":2}`, nil},
		{"numbers by value", 200, `{"n":1.0,"m":1e400}`, `{"n":1,"m":10e399}`, nil},
		{"nothing wanted", 200, `not JSON`, nil, nil},
		{"a struct", 200, `{"y":0,"x":1}`, struct {
			X int `json:"x"`
			Y int `json:"y"`
		}{X: 1}, nil},
		{"another number", 200, `{"n":12345678901234567891}`, `{"n":12345678901234567890}`, []string{"12345678901234567890", "12345678901234567891", "- is wanted, + came"}},
		{"a number and a text", 200, `{"n":"1"}`, `{"n":1}`, []string{"the body differs"}},
		{"a key too many", 200, `{"a":1,"b":2}`, `{"a":1}`, []string{`+`, `"b"`}},
		{"a key too few", 200, `{"a":1}`, `{"a":1,"b":2}`, []string{`-`, `"b"`}},
		{"null and nothing", 200, `{"a":null}`, `{}`, []string{`"a"`}},
		{"another order in a list", 200, `[1,2]`, `[2,1]`, []string{"the body differs"}},
		{"another status", 201, `{}`, `{}`, []string{"the status is 201, want 200"}},
		{"another status, nothing wanted", 500, `{}`, nil, []string{"the status is 500, want 200"}},
		{"both", 500, `{"a":1}`, `{}`, []string{"the status is 500, want 200", "the body differs"}},
		{"no JSON", 200, `oops`, `{}`, []string{"the body is no JSON", "want {}"}},
		{"more than JSON", 200, `{} {}`, `{}`, []string{"the body is no JSON (more follows the value)"}},
		{"invalid UTF-8", 200, "{\"a\":\"\xff\"}", "{\"a\":\"\ufffd\"}", []string{"invalid UTF-8"}},
		{"nothing", 200, "", `{}`, []string{"the body is no JSON"}},
		{"no body wanted", 204, "", "", []string{"the status is 204, want 200"}},
		{"a body, and none wanted", 200, `{}`, "", []string{"there is a body, want none"}},
		{"wanted is no JSON", 200, `{}`, `{`, []string{"the response wanted is no JSON"}},
		{"wanted can't be JSON", 200, `{}`, make(chan int), []string{"the response wanted, of type chan int, is no JSON"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			client := Client{transport: answering(test.status, test.body)}
			_, err := client.test(client.route("echo", "read", nil), 200, test.want)
			if (err != nil) != (test.errors != nil) {
				t.Fatalf("error: %v", err)
			}
			for _, part := range test.errors {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error: %v\nwant in it: %s", err, part)
				}
			}
		})
	}
}

func TestClientFails(t *testing.T) {
	broken := transport(func(*http.Request) (*http.Response, error) {
		body := io.MultiReader(strings.NewReader("{"), failing{})
		return &http.Response{StatusCode: 200, Body: io.NopCloser(body)}, nil
	})
	endless := transport(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: io.NopCloser(zeros{})}, nil
	})
	tests := []struct {
		name    string
		client  Client
		request any
		want    string
	}{
		{"nobody serves", Client{Port: 1}, nil, "nothing is served at 127.0.0.1:1"},
		{"how to serve", Client{Port: 1}, nil, "apiphant PATH 127.0.0.1:1"},
		{"broken off", Client{transport: broken}, `{"a":1}`, `/api/v0/echo/read {"a":1} --> 200, and then no whole answer: broken off`},
		{"too large", Client{transport: endless}, nil, "--> 200, and more than 64 MiB"},
		{"no JSON", Client{}, func() {}, "the request of type func() is no JSON"},
		{"no method", Client{Method: "A B"}, nil, "invalid method"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.client.test(test.client.route("echo", "read", test.request), 200, nil)
			if got != nil || err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, %v\nwant in the error: %s", got, err, test.want)
			}
		})
	}
}

func TestClientFollowsNoRedirect(t *testing.T) {
	asked := 0
	client := Client{transport: transport(func(r *http.Request) (*http.Response, error) {
		asked++
		return &http.Response{StatusCode: 302, Header: http.Header{"Location": {"/elsewhere"}}, Body: http.NoBody}, nil
	})}
	if _, err := client.test(client.route("echo", "read", nil), 302, nil); err != nil || asked != 1 {
		t.Errorf("asked %d times, error: %v", asked, err)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("broken off") }

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestResponse(t *testing.T) {
	client := Client{transport: answering(404, `{"error":"404 Not Found"}`)}
	got, err := client.test(client.route("echo", "read", nil), 200, nil)
	if err == nil {
		t.Error("no error")
	}
	var decoded struct{ Error string }
	if err := got.Decode(&decoded); err != nil || decoded.Error != "404 Not Found" || got.Status != 404 || !bytes.HasPrefix(got.Body, []byte("{")) {
		t.Errorf("%+v %+v %v", got, decoded, err)
	}
	if err := fmt.Sprint(err); !strings.HasPrefix(err, "POST http://127.0.0.1:8888/api/v0/echo/read --> 404 {\"error\":\"404 Not Found\"}\n") {
		t.Errorf("error: %s", err)
	}
}

func TestAddress(t *testing.T) {
	var asked string
	client := Client{Version: "v9", Method: "PUT", transport: transport(func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		asked = r.Method + " " + r.URL.RequestURI() + " " + string(body)
		return &http.Response{StatusCode: 204, Body: http.NoBody}, err
	})}
	for _, test := range []struct {
		request any
		want    string
	}{{nil, ""}, {map[string]int{"n": 1}, `{"n":1}`}} {
		if _, err := client.TestAddress("DELETE", "/items/a%2Fb?all=true", test.request, 204, ""); err != nil {
			t.Error(err)
		}
		if want := "DELETE /items/a%2Fb?all=true " + test.want; asked != want {
			t.Errorf("asked %q, want %q", asked, want)
		}
	}
}
