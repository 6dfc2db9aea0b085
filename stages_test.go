package apiphant_test

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"testing"

	"github.com/apiphant/apiphant"
)

// The stages of a call that are in this package: the way from a path to an
// endpoint, and from a body to an answer. Those before and behind have their
// benchmarks where they are: the guard, counting and the whole in server,
// decoding and encoding in internal/decode and internal/encode, the access log's
// line in program. make stages runs all.

// stageDoor lends the same request again and again, and costs nothing itself.
type stageDoor struct {
	body   []byte
	status int
}

func (d *stageDoor) Method() string                        { return http.MethodPost }
func (d *stageDoor) Header(string) string                  { return "" }
func (d *stageDoor) RemoteAddr() netip.Addr                { return netip.Addr{} }
func (d *stageDoor) Body() ([]byte, error)                 { return d.body, nil }
func (d *stageDoor) SetHeader(string, string)              {}
func (d *stageDoor) AddHeader(string, string)              {}
func (d *stageDoor) Started() bool                         { return false }
func (d *stageDoor) Abort()                                {}
func (d *stageDoor) Answer(status int, _ []byte)           { d.status = status }
func (d *stageDoor) Request(context.Context) *http.Request { panic("no stage") }
func (d *stageDoor) ResponseWriter() http.ResponseWriter   { panic("no stage") }

// stageRequest has a rule of each kind that is checked without allocating.
type stageRequest struct {
	Hello string `json:"hello" required:"true" minLength:"1"`
	Count int    `json:"count" minimum:"0" default:"1"`
}

// stages are small calls: allocations is what each makes from its start to its
// answer, and may not grow unseen.
var stages = []struct {
	name        string
	action      apiphant.Action
	body        string
	status      int
	allocations float64
}{
	{"call", apiphant.Proc(func(context.Context, struct{}) error { return nil }), `{}`, http.StatusOK, 2},
	{"typed", apiphant.Func(func(_ context.Context, r stageRequest) (stageRequest, error) { return r, nil }), `{"hello":"world"}`, http.StatusOK, 4},
	{"object", apiphant.Func(func(_ context.Context, r apiphant.Object) (apiphant.Object, error) { return r, nil }), `{"hello":"world"}`, http.StatusOK, 8},
	{"invalid", apiphant.Func(func(_ context.Context, r stageRequest) (stageRequest, error) { return r, nil }), `{"hello":"","count":-1}`, http.StatusBadRequest, 19},
}

// stage returns what makes such a call once.
func stage(t testing.TB, action apiphant.Action, body string, status int) func() {
	api := &apiphant.API{}
	api.Handle("v0/echo", apiphant.Actions{Read: action})
	if err := api.Check(); err != nil {
		t.Fatal(err)
	}
	match, door, ctx := api.Find([]byte("POST"), []byte("/api/v0/echo/read")), &stageDoor{body: []byte(body)}, t.Context()
	return func() {
		api.Serve(ctx, match, door)
		if door.status != status {
			t.Fatalf("got %d, want %d", door.status, status)
		}
	}
}

var post = []byte(http.MethodPost)

func BenchmarkCall(b *testing.B) {
	for _, s := range stages {
		b.Run(s.name, func(b *testing.B) {
			call := stage(b, s.action, s.body, s.status)
			b.ReportAllocs()
			for b.Loop() {
				call()
			}
		})
	}
}

// table has so many routes, and so many patterns for further addresses.
func table(t testing.TB, routes, patterns int) *apiphant.API {
	api := &apiphant.API{}
	for i := range routes {
		api.Handle(fmt.Sprintf("v0/target-%d", i), apiphant.Actions{
			Read: apiphant.Func(func(_ context.Context, r apiphant.Object) (apiphant.Object, error) { return r, nil }),
		})
	}
	for i := range patterns {
		api.Address(fmt.Sprintf("POST /target-%d/{id}/parts/{part}", i), fmt.Sprintf("v0/target-%d/read", i))
		api.Address(fmt.Sprintf("GET /target-%d", i), fmt.Sprintf("v0/target-%d/read", i))
	}
	if err := api.Check(); err != nil {
		t.Fatal(err)
	}
	return api
}

// The route of a function costs the same, however many patterns stand beside it.
func BenchmarkRoute(b *testing.B) {
	for _, size := range []struct{ routes, patterns int }{{1, 0}, {200, 0}, {200, 200}} {
		api := table(b, size.routes, size.patterns)
		for name, path := range map[string]string{
			"known": "/api/v0/target-0/read", "unknown": "/api/v0/target-x/read", "pattern": "/target-0/7/parts/8",
		} {
			if name == "pattern" && size.patterns == 0 {
				continue
			}
			b.Run(fmt.Sprintf("%d routes, %d patterns/%s", size.routes, size.patterns, name), func(b *testing.B) {
				path := []byte(path)
				b.ReportAllocs()
				for b.Loop() {
					if found := !api.Find(post, path).Refused(); found != (name != "unknown") {
						b.Fatal(found)
					}
				}
			})
		}
	}
}

func TestRouteAllocatesNothing(t *testing.T) {
	api := table(t, 200, 200)
	for _, tt := range []struct {
		method, path string
		allocations  float64
	}{
		{"POST", "/api/v0/target-17/read", 0},
		{"POST", "/api/v0/target-17/reads", 0},
		{"POST", "/", 0},
		{"GET", "/target-17", 0},
		{"GET", "/target-17/7", 0},
		{"POST", "/target-17/7/parts/8", 4}, // the path, and a list of values, of their texts, and of both with the query
	} {
		method, path := []byte(tt.method), []byte(tt.path)
		if allocations := testing.AllocsPerRun(1000, func() { api.Find(method, path) }); allocations != tt.allocations {
			t.Errorf("%s %s: got %v allocations, want %v", method, path, allocations, tt.allocations)
		}
	}
}
