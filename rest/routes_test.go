package rest_test

import (
	"context"
	"strings"
	"testing"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/rest"
)

func echo(_ context.Context, request apiphant.Object) (apiphant.Object, error) { return request, nil }

func routes() rest.Routes {
	return rest.Routes{"GET /words/{word}": "v0/echo/read"}.Resource("/items/{id}", "v0/echo").Resource("/items/{id}", "v0/echo")
}

func twice() rest.Routes {
	return rest.Routes{}.Resource("/items/{id}", "v0/echo").Resource("/items/{id}", "v0/other")
}

func none() rest.Routes { return rest.Routes{"GET /none": "v0/none/read"} }

func TestRegister(t *testing.T) {
	for name, test := range map[string]struct {
		routes func() rest.Routes
		want   []string // in the error
	}{
		"as it should be":            {routes, nil},
		"a resource for two targets": {twice, []string{"rest_test.twice (", "routes_test.go:", `as "GET /items/{id}" of "v0/other/read"`, `is that of "v0/echo/read" already`}},
		"no such route":              {none, []string{"rest_test.none (", `no route "v0/none/read"`}},
	} {
		t.Run(name, func(t *testing.T) {
			api := &apiphant.API{}
			api.Handle("v0/echo", apiphant.Actions{Read: apiphant.Func(echo), Update: apiphant.Func(echo)})
			api.Handle("v0/other", apiphant.Actions{Read: apiphant.Func(echo)})
			rest.Register(api, test.routes)
			err := api.Check()
			if (err != nil) != (test.want != nil) {
				t.Fatalf("got the error %v", err)
			}
			for _, part := range test.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("got %v, want in it %s", err, part)
				}
			}
			if test.want != nil {
				return
			}
			var got []string
			for _, endpoint := range api.Routes() {
				for _, address := range endpoint.Addresses {
					got = append(got, address.String()+" = "+endpoint.Action)
				}
			}
			const want = "GET /items = read, GET /items/{id} = read, GET /words/{word} = read, PATCH /items/{id} = update"
			if text := strings.Join(got, ", "); text != want {
				t.Errorf("got %s, want %s", text, want)
			}
		})
	}
}
