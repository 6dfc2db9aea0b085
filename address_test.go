package apiphant_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apiphant/apiphant"
)

// addressed returns an API with one route for each name, with addresses.
func addressed(addresses ...string) *apiphant.API {
	api := &apiphant.API{}
	for _, name := range []string{"a", "b", "c"} {
		api.Handle("v0/"+name, apiphant.Actions{Read: apiphant.Raw(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, name, " ", r.PathValue("x"), " ", r.PathValue("y"))
		})})
	}
	api.Handle("v0/typed", apiphant.Actions{Read: apiphant.Proc(func(context.Context, *stageRequest) error { return nil })})
	for _, address := range addresses {
		pattern, route, _ := strings.Cut(address, " = ")
		api.Address(pattern, route)
	}
	return api
}

func TestAddresses(t *testing.T) {
	api := addressed(
		"GET /items/{x} = v0/a/read",
		"GET /items/new = v0/b/read",
		"GET /items/{x}/parts/{y} = v0/b/read",
		"PUT /items/{x} = v0/c/read",
		"GET /files/{x...} = v0/c/read",
		"GET /files/{$} = v0/a/read",
		"GET /below/ = v0/b/read",
		"GET /caf%C3%A9 = v0/a/read",
	)
	if err := api.Check(); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ method, target, want string }{
		{"GET", "/items/7", "200 a 7 "},
		{"GET", "/items/7?x=8", "200 a 7 "},
		{"GET", "http://test/items/7", "200 a 7 "},
		{"PUT", "/items/7", "200 c 7 "},
		{"PUT", "/items/new", "200 c new "},
		{"GET", "/items/new", "200 b  "},
		{"GET", "/items/new/parts/2", "200 b new 2"},
		{"GET", "/items/a%2Fb", "200 a a/b "},
		{"GET", "/items/a%252Fb", "200 a a%2Fb "},
		{"GET", "/items/%6eew", "200 b  "},
		{"GET", "/files/one/two", "200 c one/two "},
		{"GET", "/files/", "200 a  "},
		{"GET", "/below/it/all", "200 b  "},
		{"GET", "/caf%c3%a9", "200 a  "},
		{"HEAD", "/items/7", "200 a 7 "},
		{"GET", "/items/", "404"},
		{"GET", "/items", "404"},
		{"GET", "/items/7/", "404"},
		{"GET", "/items/%zz", "404"},
		{"GET", "/files/../items/7", "404"},
		{"GET", "/files/%2e%2e/items", "404"},
		{"GET", "items/7", "404"},
		{"GET", "", "404"},
		{"DELETE", "/items/7", "405 GET, HEAD, OPTIONS, PUT"},
		{"POST", "/files/x", "405 GET, HEAD, OPTIONS"},
		{"get", "/items/7", "405 GET, HEAD, OPTIONS, PUT"},
		{"OPTIONS", "/items/7", "204 GET, HEAD, OPTIONS, PUT"},
		{"OPTIONS", "/items", "404"},
	}
	for _, tt := range tests {
		t.Run(tt.method+" "+tt.target, func(t *testing.T) {
			match := api.Find([]byte(tt.method), []byte(tt.target))
			door := newMemory(tt.method, nil, "")
			api.Serve(context.Background(), match, door)
			got := fmt.Sprint(door.answer.Code)
			switch door.answer.Code {
			case http.StatusOK:
				got += " " + door.answer.Body.String()
			case http.StatusMethodNotAllowed, http.StatusNoContent:
				got += " " + door.answer.Header().Get("Allow")
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if refused := door.answer.Code != http.StatusOK; match.Refused() != refused {
				t.Errorf("Refused is %t, the answer is %d", match.Refused(), door.answer.Code)
			}
		})
	}
}

func TestWrongAddresses(t *testing.T) {
	tests := []struct{ address, want string }{
		{"/items = v0/a/read", "want a method and a path"},
		{"/items = v0/a", "ends with {name}"},
		{"/items/{x...} = v0/a", "ends with {name}"},
		{"/items/{x} = v0/none", `no target "v0/none" with an action`},
		{"OPTIONS /items = v0/a/read", "no function is asked with OPTIONS"},
		{"TRACE /items = v0/a/read", "no function is asked with TRACE"},
		{"GET /one/{y} = v0/b/read", `conflicts with "GET /one/{y}", which is that of "v0/a/read" already`},
		{"/items/{x} = v0/a", ""},
		{"/one/{x} = v0/a", "conflicts with"},
		{"/typed/{other} = v0/typed", `has no field "other"`},
		{"GET = v0/a/read", "want a method and a path"},
		{"GET example.com/items = v0/a/read", "no host"},
		{"get /items = v0/a/read", "want GET"},
		{"GET /items/{x = v0/a/read", "bad wildcard segment"},
		{"GET /items/{x}/{x} = v0/a/read", "duplicate wildcard name"},
		{"GET /items = v0/none/read", `no route "v0/none/read"`},
		{"GET /items = v0/a", `no route "v0/a"`},
		{"GET /api/v0/items = v0/a/read", "those of routes"},
		{"GET /api/v0 = v0/a/read", "those of routes"},
		{"GET /api/v0x = v0/a/read", ""},
		{"GET /api/{version}/items = v0/a/read", "those of routes"},
		{"GET /typed/{hello} = v0/typed/read", ""},
		{"GET /typed/{hello}/{other} = v0/typed/read", `apiphant_test.stageRequest has no field "other"`},
		{"GET /one/{x} = v0/b/read", "conflicts with"},
		{"GET /{x}/two = v0/b/read", "conflicts with"},
	}
	for _, tt := range tests {
		t.Run(tt.address, func(t *testing.T) {
			err := addressed("GET /one/{y} = v0/a/read", tt.address).Check()
			if err == nil && tt.want == "" {
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "address_test.go:") || strings.Contains(err.Error(), "registered at") {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// Whoever lists what an API has finds it in its endpoints.
func TestEndpoint(t *testing.T) {
	api := addressed("GET /items/{x} = v0/a/read", "PUT /items/{x} = v0/a/read")
	api.Comments = map[string]string{}
	action := apiphant.Func(func(_ context.Context, r stageRequest) (apiphant.Object, error) { return nil, nil })
	api.Handle("v0/other", apiphant.Actions{Read: action, Create: apiphant.Proc(func(context.Context, apiphant.Object) error { return nil })})
	for _, endpoint := range api.Routes() {
		api.Comments[endpoint.Source.Function] = "Read reads " + endpoint.Target + "."
	}
	again := addressed("GET /items/{x} = v0/a/read", "PUT /items/{x} = v0/a/read")
	again.Comments = api.Comments
	for _, endpoint := range again.Routes() {
		if endpoint.Comment == "" {
			t.Errorf("%s has no comment", endpoint)
		}
	}
	got := map[string]string{}
	for _, e := range api.Routes() {
		got[e.String()] = fmt.Sprint(e.Methods, e.Addresses, e.Request, e.Response, e.Streams)
		if e.Schema != nil {
			for _, field := range e.Schema.Fields {
				got[e.String()] += fmt.Sprintf(" %s required=%t", field.Name, field.Rules.Required)
			}
		}
	}
	for path, want := range map[string]string{
		"/api/v0/a/read":       "[] [GET /items/{x} PUT /items/{x}] <nil> <nil> true",
		"/api/v0/other/read":   "[POST] [] apiphant_test.stageRequest apiphant.Object false hello required=true count required=false",
		"/api/v0/other/create": "[POST] [] apiphant.Object <nil> false",
	} {
		if got[path] != want {
			t.Errorf("%s: got %s, want %s", path, got[path], want)
		}
	}
}

// described is a response with a status and headers.
type described struct {
	Status int         `json:"-"`
	Header http.Header `json:"-"`
	Done   bool        `json:"done"`
}

func (d described) StatusCode() int      { return d.Status }
func (d described) Headers() http.Header { return d.Header }

func TestResponseDescribesAnswer(t *testing.T) {
	tests := []struct {
		name     string
		response any
		want     string
	}{
		{"status", described{Status: 201, Done: true}, `201 {"done":true}`},
		{"none", described{Done: true}, `200 {"done":true}`},
		{"pointer", &described{Status: 202}, `202 {"done":false}`},
		{"nil pointer", (*described)(nil), `200 {}`},
		{"no content", described{Status: 204}, `204 `},
		{"redirect", described{Status: 303, Header: http.Header{"Location": {"/there"}}}, `303 {"done":false}`},
		{"informational", described{Status: 101}, `500 {"error":"500 Internal Server Error"}`},
		{"error", described{Status: 404}, `500 {"error":"500 Internal Server Error"}`},
		{"length", described{Header: http.Header{"content-length": {"1"}}}, `500 {"error":"500 Internal Server Error"}`},
		{"two lines", described{Header: http.Header{"X-A": {"1\r\nX-B: 2"}}}, `500 {"error":"500 Internal Server Error"}`},
		{"no name", described{Header: http.Header{"X A": {"1"}}}, `500 {"error":"500 Internal Server Error"}`},
	}
	actions := map[string]func(any) apiphant.Action{
		"any": func(r any) apiphant.Action {
			return apiphant.Func(func(context.Context, apiphant.Object) (any, error) { return r, nil })
		},
		"typed": func(r any) apiphant.Action {
			if r, ok := r.(*described); ok {
				return apiphant.Func(func(context.Context, apiphant.Object) (*described, error) { return r, nil })
			}
			return apiphant.Func(func(context.Context, apiphant.Object) (described, error) { return r.(described), nil })
		},
		"middleware": func(r any) apiphant.Action {
			return apiphant.Func(func(context.Context, apiphant.Object) (any, error) { return r, nil })
		},
	}
	for kind, action := range actions {
		for _, tt := range tests {
			t.Run(kind+"/"+tt.name, func(t *testing.T) {
				api := &apiphant.API{}
				api.Handle("v0/a", apiphant.Actions{Read: action(tt.response)})
				if kind == "middleware" {
					api.Use("", func(apiphant.Handler) apiphant.Handler {
						return func(_ context.Context, call *apiphant.Call) error { return call.Answer(tt.response) }
					})
				}
				door := newMemory("POST", nil, "")
				api.Serve(context.Background(), api.Find(post, []byte("/api/v0/a/read")), door)
				if got := fmt.Sprint(door.answer.Code, " ", door.answer.Body); got != tt.want {
					t.Errorf("got %s, want %s", got, tt.want)
				}
			})
		}
	}
}

// A response's headers come in place of a middleware's of the same name; cookies
// are added.
func TestResponseHeaders(t *testing.T) {
	api := &apiphant.API{}
	api.Use("", func(next apiphant.Handler) apiphant.Handler {
		return func(ctx context.Context, call *apiphant.Call) error {
			call.SetHeader("Set-Cookie", "a=1")
			call.SetHeader("Cache-Control", "no-store")
			return next(ctx, call)
		}
	})
	api.Handle("v0/a", apiphant.Actions{Read: apiphant.Func(func(context.Context, apiphant.Object) (described, error) {
		return described{Header: http.Header{"Set-Cookie": {"b=2", "c=3"}, "cache-control": {"max-age=1", "private"}}}, nil
	})})
	door := newMemory("POST", nil, "")
	api.Serve(context.Background(), api.Find(post, []byte("/api/v0/a/read")), door)
	header := door.answer.Header()
	if got, want := header["Set-Cookie"], []string{"a=1", "b=2", "c=3"}; !slices.Equal(got, want) {
		t.Errorf("got the cookies %q, want %q", got, want)
	}
	if got, want := header["Cache-Control"], []string{"max-age=1", "private"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// query has a field of each kind that a path and a query can fill.
type query struct {
	ID    int       `json:"id" minimum:"1" required:"true"`
	Page  int       `json:"page" default:"1"`
	Tags  []string  `json:"tags"`
	Exact bool      `json:"exact"`
	Since time.Time `json:"since"`
	Note  string    `json:"note"`
}

// The path counts before the query, and that before the body.
func TestParameters(t *testing.T) {
	api := &apiphant.API{}
	api.Handle("v0/typed", apiphant.Actions{Read: apiphant.Func(func(_ context.Context, r query) (query, error) { return r, nil })})
	api.Handle("v0/object", apiphant.Actions{Read: apiphant.Func(func(_ context.Context, r apiphant.Object) (apiphant.Object, error) { return r, nil })})
	for _, target := range []string{"typed", "object"} {
		api.Address("GET /"+target+"/{id}", "v0/"+target+"/read")
	}
	if err := api.Check(); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ target, body, want string }{
		{"/typed/7", ``, `200 {"id":7,"page":1,"tags":[],"exact":false,"since":"0001-01-01T00:00:00Z","note":""}`},
		{"/typed/7?id=8&page=2&tags=a&tags=b%26c&exact=true&note=a+b&since=2026-11-27T00:00:00Z", `{"id":9,"page":3,"note":"c"}`,
			`200 {"id":7,"page":2,"tags":["a","b&c"],"exact":true,"since":"2026-11-27T00:00:00Z","note":"a b"}`},
		{"/typed/7?page=1&page=2", ``, `200 {"id":7,"page":2,"tags":[],"exact":false,"since":"0001-01-01T00:00:00Z","note":""}`},
		{"/typed/7?other=1&note", ``, `200 {"id":7,"page":1,"tags":[],"exact":false,"since":"0001-01-01T00:00:00Z","note":""}`},
		{"/typed/0?page=x", `{"exact":1}`, `400 {"error":{"field":"id","state":"invalid","explain":{"minimum":1}},"errors":[{"field":"id","state":"invalid","explain":{"minimum":1}},{"field":"page","state":"invalid","explain":{"type":"integer"}},{"field":"exact","state":"invalid","explain":{"type":"boolean"}}]}`},
		{"/typed/%ff", ``, `400 {"error":{"field":"id","state":"invalid","explain":{"type":"integer"}}}`},
		{"/typed/7?page=%zz", ``, `400 {"error":"The query can't be read"}`},
		{"/typed/7?page=1;2", ``, `400 {"error":{"field":"page","state":"invalid","explain":{"type":"integer"}}}`},
		{"/typed/7", `[]`, `400 {"error":"Request content should be JSON Object"}`},
		{"/object/7?page=2&tags=a&tags=b", `{"id":1,"n":1.0}`, `200 {"id":"7","n":1.0,"page":"2","tags":["a","b"]}`},
		{"/object/%ff", ``, `400 {"error":{"field":"id","state":"invalid"}}`},
	}
	for _, tt := range tests {
		t.Run(tt.target, func(t *testing.T) {
			door := newMemory("GET", nil, tt.body)
			api.Serve(context.Background(), api.Find([]byte("GET"), []byte(tt.target)), door)
			if got := fmt.Sprint(door.answer.Code, " ", door.answer.Body); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
	door := newMemory("POST", nil, `{"id":3}`)
	api.Serve(context.Background(), api.Find(post, []byte("/api/v0/object/read?id=4")), door)
	if got := door.answer.Body.String(); got != `{"id":3}` {
		t.Errorf("by the path of the route, the query counts: got %s", got)
	}
}
