package lambdahttp_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAnswer(t *testing.T) {
	for _, test := range []struct {
		name, payload string
		method        string // "": GET
		status        int
		header        http.Header
		body          string
	}{
		{name: "text", payload: `{"statusCode":200,"headers":{"content-type":"text/plain"},"body":"hé\u0000llo"}`,
			status: 200, header: http.Header{"Content-Type": {"text/plain"}, "Content-Length": {"7"}}, body: "hé\x00llo"},
		{name: "bytes", payload: `{"statusCode":200,"isBase64Encoded":true,"body":"/wD+"}`,
			status: 200, header: http.Header{"Content-Length": {"3"}}, body: "\xff\x00\xfe"},
		{name: "isBase64Encoded as text", payload: `{"statusCode":200,"isBase64Encoded":"True","body":"/wD+"}`,
			status: 200, header: http.Header{"Content-Length": {"3"}}, body: "\xff\x00\xfe"},
		{name: "isBase64Encoded as text that denies it", payload: `{"statusCode":200,"isBase64Encoded":"false","body":"/wD+"}`,
			status: 200, header: http.Header{"Content-Length": {"4"}}, body: "/wD+"},
		{name: "statusCode as text", payload: `{"statusCode":"404","body":"no"}`,
			status: 404, header: http.Header{"Content-Length": {"2"}}, body: "no"},
		{name: "no body, no headers", payload: `{"statusCode":201,"headers":null,"body":null}`,
			status: 201, header: http.Header{"Content-Length": {"0"}}},
		{name: "values of both forms", payload: `{"statusCode":200,"headers":{"x-one":"a","X-BOTH":"c","x-gone":null},"multiValueHeaders":{"X-Both":["a","b"],"Set-Cookie":["k=1","l=2"]},"body":""}`,
			status: 200, header: http.Header{"X-One": {"a"}, "X-Both": {"a", "b", "c"}, "Set-Cookie": {"k=1", "l=2"}, "Content-Length": {"0"}}},
		{name: "the same value in both forms", payload: `{"statusCode":200,"headers":{"Content-Type":"a/b"},"multiValueHeaders":{"content-type":["a/b"]},"body":""}`,
			status: 200, header: http.Header{"Content-Type": {"a/b"}, "Content-Length": {"0"}}},
		{name: "values that are no text", payload: `{"statusCode":200,"headers":{"X-Count":10000000000,"X-Yes":true},"body":""}`,
			status: 200, header: http.Header{"X-Count": {"10000000000"}, "X-Yes": {"true"}, "Content-Length": {"0"}}},
		{name: "cookies of payload 2.0", payload: `{"statusCode":200,"cookies":["k=1","l=2"],"body":""}`,
			status: 200, header: http.Header{"Set-Cookie": {"k=1", "l=2"}, "Content-Length": {"0"}}},
		{name: "a length that is wrong", payload: `{"statusCode":200,"headers":{"content-length":"99","Transfer-Encoding":"chunked"},"body":"ab"}`,
			status: 200, header: http.Header{"Content-Length": {"2"}}, body: "ab"},
		{name: "HEAD", method: http.MethodHead, payload: `{"statusCode":200,"headers":{"Content-Length":"99"},"body":"not sent"}`,
			status: 200, header: http.Header{"Content-Length": {"99"}}},
		{name: "204", payload: `{"statusCode":204,"headers":{"Content-Length":"3"},"body":"abc"}`,
			status: 204, header: http.Header{}},
		{name: "304", payload: `{"statusCode":304,"headers":{"ETag":"\"a\""},"body":""}`,
			status: 304, header: http.Header{"Etag": {`"a"`}}},
		{name: "an error as answer", payload: `{"statusCode":500,"body":"broken"}`,
			status: 500, header: http.Header{"Content-Length": {"6"}}, body: "broken"},
	} {
		t.Run(test.name, func(t *testing.T) {
			request, err := http.NewRequest(test.method, "http+lambda://shop/", nil)
			if err != nil {
				t.Fatal(err)
			}
			response, err := answering(t, outcome{payload: test.payload}).Do(request)
			if err != nil {
				t.Fatal(err)
			}
			if got := read(t, response); got != test.body {
				t.Errorf("the body is %q, want %q", got, test.body)
			}
			if response.StatusCode != test.status || !strings.HasPrefix(response.Status, http.StatusText(test.status)) && !strings.Contains(response.Status, " ") {
				t.Errorf("the status is %d %q, want %d", response.StatusCode, response.Status, test.status)
			}
			if diff := cmp.Diff(test.header, response.Header); diff != "" {
				t.Errorf("the headers differ (-want +got):\n%s", diff)
			}
			if response.Request != request {
				t.Error("the response has not the request that it is for")
			}
		})
	}
}

// TestNoAnswer: what a function returns in place of an answer is a 502, never an error,
// and its text says why.
func TestNoAnswer(t *testing.T) {
	for _, test := range []struct{ name, failed, payload, want string }{
		{"an exception", "Unhandled", `{"errorMessage":"division by zero","errorType":"ZeroDivisionError","stackTrace":[]}`, "division by zero"},
		{"a time-out", "Unhandled", `{"errorMessage":"2026-11-28T10:00:00Z 1 Task timed out after 3.00 seconds"}`, "2026-11-28T10:00:00Z 1 Task timed out after 3.00 seconds"},
		{"a failure without a message", "Unhandled", `{"trace":[]}`, `The function has failed: {"trace":[]}`},
		{"a failure that is no JSON", "Unhandled", `oops`, `The function has failed: oops`},
		{"an error that was returned", "", `{"errorMessage":"division by zero"}`, "division by zero"},
		{"nothing", "", ``, "It returned nothing"},
		{"null", "", `null`, "there is no statusCode. It returned null"},
		{"another object", "", `{"hello":"world"}`, `there is no statusCode. It returned {"hello":"world"}`},
		{"a list", "", `[1]`, "It returned [1]"},
		{"what is no JSON", "", `{"statusCode":200`, "unexpected end"},
		{"a status that is none", "", `{"statusCode":"ok"}`, `statusCode is "ok"`},
		{"a status that no client knows", "", `{"statusCode":101}`, "want 200 to 999"},
		{"base64 that is none", "", `{"statusCode":200,"isBase64Encoded":true,"body":"*"}`, "body is not base64"},
		{"a body that is no text", "", `{"statusCode":200,"body":{"a":1}}`, "encoded as JSON first"},
		{"a header that HTTP can't have", "", `{"statusCode":200,"headers":{"X":"a\r\nSet-Cookie: k=1"},"body":""}`, `the header "X" is none`},
		{"a name that HTTP can't have", "", `{"statusCode":200,"multiValueHeaders":{"a b":["c"]},"body":""}`, `the header "a b" is none`},
		{"headers that are a list", "", `{"statusCode":200,"headers":[],"body":""}`, "has not answered as API Gateway wants it"},
	} {
		t.Run(test.name, func(t *testing.T) {
			response, err := answering(t, outcome{failed: test.failed, payload: test.payload}).Get("http+lambda://shop/")
			if err != nil {
				t.Fatal(err)
			}
			if body := read(t, response); response.StatusCode != http.StatusBadGateway || !strings.Contains(body, test.want) || response.Header.Get("X-Amz-Function-Error") != test.failed {
				t.Errorf("got %s %q %v, want 502 with %q", response.Status, body, response.Header, test.want)
			}
		})
	}
}

// TestRedirects: a function that sends a client to itself by the host that it sees, as
// Django and Flask do, is asked there.
func TestRedirects(t *testing.T) {
	for name, location := range map[string]string{"with its host": "https://prod.shop/there?a=1", "without": "/there?a=1"} {
		t.Run(name, func(t *testing.T) {
			client := clientOf(serve(t, func(call invocation) outcome {
				if event := call.event(t); event["path"] == "/here" {
					return outcome{payload: `{"statusCode":302,"headers":{"Location":"` + location + `"}}`}
				}
				return outcome{payload: `{"statusCode":200,"body":"` + call.function + call.qualifier + `"}`}
			}))
			response, err := client.Get("http+lambda://prod.shop/here")
			if err != nil {
				t.Fatal(err)
			}
			if body, at := read(t, response), response.Request.URL.String(); body != "shopprod" || at != "http+lambda://prod.shop/there?a=1" {
				t.Errorf("got %q from %s", body, at)
			}
		})
	}
}
