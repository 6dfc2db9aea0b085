package lambdahttp_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/apiphant/apiphant/lambdahttp"
)

// TestMain keeps the settings of who runs the tests out of them.
func TestMain(m *testing.M) {
	for _, setting := range os.Environ() {
		if name, _, _ := strings.Cut(setting, "="); strings.HasPrefix(name, "AWS_") {
			os.Unsetenv(name)
		}
	}
	os.Setenv("AWS_CONFIG_FILE", os.DevNull)
	os.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	os.Exit(runWithExample(m))
}

// endpoint is the URL of a Lambda for examples. It has one function, flaskexp-test.
var endpoint string

func runWithExample(m *testing.M) int {
	server := newServer(func(call invocation) outcome {
		if call.function != "flaskexp-test" {
			return outcome{status: 404, code: "ResourceNotFoundException", payload: `{"Message":"Function not found"}`}
		}
		var event struct{ HTTPMethod, Path string }
		if err := json.Unmarshal(call.payload, &event); err != nil {
			return outcome{failed: "Unhandled", payload: `{"errorMessage":"no JSON"}`}
		}
		return outcome{payload: `{"statusCode":200,"headers":{"Content-Type":"text/plain"},"body":"` + event.HTTPMethod + " " + event.Path + `"}`}
	})
	defer server.Close()
	endpoint = server.URL
	return m.Run()
}

// invocation is what Lambda is asked.
type invocation struct {
	function, qualifier, region string
	payload                     []byte
	request                     *http.Request
}

// event returns the payload as a function in another language sees it.
func (i invocation) event(t *testing.T) (event map[string]any) {
	t.Helper()
	if err := json.Unmarshal(i.payload, &event); err != nil {
		t.Fatal(err)
	}
	return event
}

// outcome is what Lambda answers.
type outcome struct {
	status  int    // 0: 200
	code    string // of an error of Lambda
	failed  string // of an error of the function
	payload string
}

// serve is Lambda's Invoke API for as long as the test runs. It returns its URL.
// See https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html.
func serve(t testing.TB, answer func(invocation) outcome) string {
	t.Helper()
	server := newServer(answer)
	t.Cleanup(server.Close)
	return server.URL
}

func newServer(answer func(invocation) outcome) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		escaped, isInvoke := strings.CutPrefix(strings.TrimSuffix(r.URL.EscapedPath(), "/invocations"), "/2015-03-31/functions/")
		name, err := url.PathUnescape(escaped)
		payload, readErr := io.ReadAll(r.Body)
		if !isInvoke || err != nil || readErr != nil || r.Method != http.MethodPost {
			http.Error(w, "this is no Invoke", http.StatusTeapot)
			return
		}
		said := answer(invocation{name, r.URL.Query().Get("Qualifier"), signedRegion(r), payload, r})
		w.Header().Set("Content-Type", "application/json")
		for name, value := range map[string]string{"X-Amzn-ErrorType": said.code, "X-Amz-Function-Error": said.failed} {
			if value != "" {
				w.Header().Set(name, value)
			}
		}
		if said.status != 0 {
			w.WriteHeader(said.status)
		}
		_, _ = io.WriteString(w, said.payload)
	}))
}

// signedRegion returns the region that a request is signed for.
func signedRegion(r *http.Request) string {
	_, scope, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	if parts := strings.Split(scope, "/"); len(parts) > 2 {
		return parts[2] // KEY/DATE/REGION/lambda/aws4_request
	}
	return ""
}

// answering returns a client of functions that all return the same.
func answering(t testing.TB, said outcome) *http.Client {
	return clientOf(serve(t, func(invocation) outcome { return said }))
}

func clientOf(endpoint string) *http.Client {
	return &http.Client{Transport: &lambdahttp.Transport{Endpoint: endpoint}}
}

func read(t testing.TB, response *http.Response) string {
	t.Helper()
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
