package apitest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/apitest"
)

const myproduct = "../templates/myproduct"

func TestStart(t *testing.T) {
	server := apitest.Start(t, myproduct)
	request := apiphant.Object{"hello": "world"}
	response := apiphant.Object{"hello": "world", "server": "myproduct"}
	server.Test("echo", "read", request, 200, response)
	if _, err := server.Client.Test("echo", "read", request, 200, response); err != nil {
		t.Error(err)
	}
	if !strings.HasPrefix(server.URL, "http://127.0.0.1:") {
		t.Errorf("URL: %s", server.URL)
	}
	answer, err := server.HTTP().Get(server.URL + "/api/v0/echo/read")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != 501 {
		t.Errorf("GET is answered with %d, want 501", answer.StatusCode)
	}
}

// TestStartStops starts a product by a folder below it.
func TestStartStops(t *testing.T) {
	var server *apitest.Server
	runFake(t, func(t testing.TB) {
		server = apitest.Start(t, myproduct+"/api/v0/echo")
		server.Test("echo", "read", nil, 200, apiphant.Object{"server": "myproduct"})
	}).want(t, false)
	_, err := server.Client.Test("echo", "read", nil, 200, nil)
	if err == nil {
		t.Fatal("the product still serves after its test")
	}
}

func TestStartFails(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken")
	write(t, filepath.Join(broken, "api/v0/echo/echo.go"), "package echo\n\nvar x int = `text`\n\nfunc Read(map[string]any) error { return nil }\n")
	const unlucky = "testdata/unlucky" // where it stands, what was built of it can be used again
	tests := []struct {
		name    string
		dir     string
		unlucky string // when it fails
		want    []string
	}{
		{"no product", t.TempDir(), "", []string{"can't build the product", "Dir not found: "}},
		{"it does not compile", broken, "", []string{"can't build the product", "echo.go:3:13"}},
		{"its Start fails", unlucky, "start", []string{"the product did not begin to serve: the product ended with a failure: exit status 1", "no database"}},
		{"it ends during the test", unlucky, "", []string{"the product ended with a failure: exit status 3", "the product's log:", "Apiphant is serving", "out of luck"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("UNLUCKY", test.unlucky)
			runFake(t, func(t testing.TB) {
				server := apitest.Start(t, test.dir)
				if _, err := server.Client.Test("echo", "read", nil, 200, nil); err == nil {
					t.Error("the product answered")
				}
			}).want(t, true, test.want...)
		})
	}
}

func TestStartShowsTheLogOfAFailedTest(t *testing.T) {
	fake := runFake(t, func(t testing.TB) {
		apitest.Start(t, myproduct).Test("echo", "read", nil, 404, nil)
	})
	fake.want(t, true, "the status is 200, want 404", "the product's log:\nApiphant is serving")
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
}
