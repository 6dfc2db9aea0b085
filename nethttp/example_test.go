package nethttp_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/nethttp"
)

// A product beside other handlers, in one server of net/http.
func ExampleHandler() {
	api := &apiphant.API{}
	api.Handle("v0/echo", apiphant.Actions{
		Read: apiphant.Func(func(_ context.Context, request apiphant.Object) (apiphant.Object, error) { return request, nil }),
	})
	mux := http.NewServeMux()
	mux.Handle("/api/", nethttp.Handler(api))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<h1>Welcome</h1>") })
	server := httptest.NewServer(mux)
	defer server.Close()

	ask := func(path, body string) {
		answer, err := http.Post(server.URL+path, "application/json", strings.NewReader(body))
		if err != nil {
			fmt.Println(err)
			return
		}
		defer answer.Body.Close()
		content, err := io.ReadAll(answer.Body)
		fmt.Println(answer.StatusCode, string(content), err)
	}
	ask("/api/v0/echo/read", `{"hello": "world"}`)
	ask("/api/v0/echo/read", `[]`)
	ask("/api/v0/echo/list", `{}`)
	ask("/", "")
	// Output:
	// 200 {"hello":"world"} <nil>
	// 400 {"error":"Request content should be JSON Object"} <nil>
	// 404 {"error":"404 Not Found"} <nil>
	// 200 <h1>Welcome</h1> <nil>
}

// Below a prefix, and with bounds of its own.
func ExampleDoor() {
	api := &apiphant.API{}
	api.Handle("v0/echo", apiphant.Actions{
		Read: apiphant.Func(func(_ context.Context, request apiphant.Object) (apiphant.Object, error) { return request, nil }),
	})
	if err := api.Check(); err != nil {
		fmt.Println(err)
		return
	}
	handler := http.StripPrefix("/shop", &nethttp.Door{API: api, MaxBody: 20})

	for _, body := range []string{`{"hello":"world"}`, `{"hello":"wide world"}`} {
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/shop/api/v0/echo/read", strings.NewReader(body)))
		fmt.Println(answer.Code, answer.Body)
	}
	// Output:
	// 200 {"hello":"world"}
	// 413 {"error":"413 Request Entity Too Large"}
}
