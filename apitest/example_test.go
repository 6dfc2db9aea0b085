package apitest_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/apitest"
)

// product is the table of a small product.
func product() *apiphant.API {
	read := func(ctx context.Context, request apiphant.Object) (apiphant.Object, error) {
		response := request.Copy()
		response["server"] = "myproduct"
		return response, nil
	}
	create := func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusCreated)
		_, _ = io.Copy(w, r.Body)
	}
	api := &apiphant.API{}
	api.Handle("v0/echo", apiphant.Actions{Read: apiphant.Func(read)})
	api.Handle("v1/echo", apiphant.Actions{Read: apiphant.Func(read)})
	api.Handle("v0/files", apiphant.Actions{Create: apiphant.Raw(create)})
	return api
}

var port = regexp.MustCompile(`127\.0\.0\.1:[0-9]+`)

// runTest runs a test and prints its log, with 43210 in place of a free port.
func runTest(test func(t testing.TB)) {
	log := runFake(nil, test).text()
	fmt.Print(port.ReplaceAllString(log, "127.0.0.1:43210"))
}

// Without a port, in the test's own process.
func ExampleLocal() {
	testEcho := func(t testing.TB) { // func TestEcho(t *testing.T)
		server := apitest.Local(t, product())
		server.Test("echo", "read", apiphant.Object{"hello": "world"},
			200, apiphant.Object{"hello": "world", "server": "myproduct"})
	}
	runTest(testEcho)
	// Output:
	// POST http://local/api/v0/echo/read {"hello":"world"} --> 200 {"hello":"world","server":"myproduct"}
}

// The product in the folder, built and served on a free port.
func ExampleStart() {
	testEcho := func(t testing.TB) { // func TestEcho(t *testing.T)
		server := apitest.Start(t, "../templates/myproduct")
		server.Test("echo", "read", apiphant.Object{"hello": "world"},
			200, apiphant.Object{"hello": "world", "server": "myproduct"})
		server.Test("echo", "update", nil,
			404, apiphant.Object{"error": "404 Not Found"})
	}
	runTest(testEcho)
	// Output:
	// POST http://127.0.0.1:43210/api/v0/echo/read {"hello":"world"} --> 200 {"hello":"world","server":"myproduct"}
	// POST http://127.0.0.1:43210/api/v0/echo/update --> 404 {"error":"404 Not Found"}
}

// The answer is there to look at more of it, and what is asked can be changed
// from request to request.
func ExampleServer_Test() {
	runTest(func(t testing.TB) {
		server := apitest.Local(t, product())
		server.Version = "v1"
		server.Header = http.Header{"X-Request-Id": {"mine"}}
		response := server.Test("echo", "read", nil, 200, nil)

		var body struct{ Server string }
		if err := response.Decode(&body); err != nil {
			t.Fatal(err)
		}
		t.Log(body.Server, response.Header.Get("X-Request-Id"))
	})
	// Output:
	// POST http://local/api/v1/echo/read --> 200 {"server":"myproduct"}
	// myproduct mine
}

// Functions with raw requests and answers are asked with net/http.
func ExampleServer_HTTP() {
	runTest(func(t testing.TB) {
		server := apitest.Local(t, product())
		answer, err := server.HTTP().Post(server.URL+"/api/v0/files/create", "text/plain", strings.NewReader("some text"))
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		content, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		t.Log(answer.StatusCode, string(content))
	})
	// Output:
	// 201 some text
}

// An answer that is not as wanted is an error that shows the difference.
func ExampleClient_Test() {
	runTest(func(t testing.TB) {
		client := apitest.Local(t, product()).Client // or apitest.Client{Port: 8001}
		response, err := client.Test("echo", "read", `{"a":1}`, 200, nil)
		t.Log(string(response.Body), err)

		_, err = client.Test("echo", "delete", nil, 200, nil)
		t.Log(err)
	})
	// Output:
	// POST http://local/api/v0/echo/read {"a":1} --> 200 {"a":1,"server":"myproduct"}
	// POST http://local/api/v0/echo/delete --> 404 {"error":"404 Not Found"}
	// {"a":1,"server":"myproduct"} <nil>
	// POST http://local/api/v0/echo/delete --> 404 {"error":"404 Not Found"}
	// the status is 404, want 200
}

// In the manner of the original: a program that asks the product which
// apiphant myproduct 127.0.0.1:8888 serves, and exits with 1 at the first answer
// that is not as wanted. It prints:
//
//	POST http://127.0.0.1:8888/api/v0/echo/read {"hello":"world"} --> 200 {"hello":"world","server":"myproduct"}
func ExampleTest() {
	apitest.Test("echo", "read", apiphant.Object{"hello": "world"},
		200, apiphant.Object{"hello": "world", "server": "myproduct"})
}
