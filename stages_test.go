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

// table has so many routes.
func table(t testing.TB, routes int) *apiphant.API {
	api := &apiphant.API{}
	for i := range routes {
		api.Handle(fmt.Sprintf("v0/target-%d", i), apiphant.Actions{
			Read: apiphant.Func(func(_ context.Context, r apiphant.Object) (apiphant.Object, error) { return r, nil }),
		})
	}
	if err := api.Check(); err != nil {
		t.Fatal(err)
	}
	return api
}

func BenchmarkRoute(b *testing.B) {
	for _, routes := range []int{1, 200} {
		api := table(b, routes)
		for name, path := range map[string]string{"known": "/api/v0/target-0/read", "unknown": "/api/v0/target-x/read"} {
			b.Run(fmt.Sprint(routes, "/", name), func(b *testing.B) {
				path := []byte(path)
				b.ReportAllocs()
				for b.Loop() {
					if found := !api.Find(post, path).Refused(); found != (name == "known") {
						b.Fatal(found)
					}
				}
			})
		}
	}
}

func TestRouteAllocatesNothing(t *testing.T) {
	api := table(t, 200)
	for _, path := range []string{"/api/v0/target-17/read", "/api/v0/target-17/reads", "/"} {
		path := []byte(path)
		if allocations := testing.AllocsPerRun(1000, func() { api.Find(post, path) }); allocations != 0 {
			t.Errorf("%s: got %v allocations, want none", path, allocations)
		}
	}
}
