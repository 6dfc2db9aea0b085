// Package bars_test asks the bars as API Gateway does, and as callers of a server do.
package bars_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/apitest"
	"github.com/apiphant/apiphant/examples/bars/api"
	"github.com/apiphant/apiphant/examples/bars/api/v0/bars"
	"github.com/apiphant/apiphant/examples/bars/api/v0/index"
	"github.com/apiphant/apiphant/lambda"
	"github.com/apiphant/apiphant/rest"
)

// table is the product's, as apiphant generate prints it.
func table() *apiphant.API {
	made := &apiphant.API{}
	made.Handle("v0/index", apiphant.Actions{
		Create: apiphant.FuncWithoutContext(index.Create),
		Read:   apiphant.NoRequestWithoutContext(index.Read),
		Update: apiphant.FuncWithoutContext(index.Update),
	})
	made.Handle("v0/bars", apiphant.Actions{
		Create: apiphant.FuncWithoutContext(bars.Create),
		Read:   apiphant.FuncWithoutContext(bars.Read),
		Update: apiphant.FuncWithoutContext(bars.Update),
	})
	rest.Register(made, api.Rest)
	return made
}

// tests are requests with what is answered. The resource is what API Gateway was
// configured with.
var tests = []struct {
	method, path, resource, body string
	status                       int
	want                         string
}{
	{"GET", "/", "/", "", 200, `{"message":"received GET to index"}`},
	{"PUT", "/", "/", `{"foo":"bar"}`, 201, `{"message":"received PUT to index"}`},
	{"POST", "/", "/", `{"foo":"bar"}`, 201, `{"message":"received POST to index"}`},
	{"GET", "/foo/2/bar/b%20c", "/foo/{foo_id}/bar/{bar_id}", `{"foo":"bar"}`, 200, `{"bar_id":"b c","foo_id":"2","message":"all bars by foo"}`},
	{"PUT", "/foo/2/bar/3", "/foo/{foo_id}/bar/{bar_id}", `{"foo":"bar"}`, 201, `{"message":"received PUT to index"}`},
	{"POST", "/foo/2/bar/3", "/foo/{foo_id}/bar/{bar_id}", ``, 201, `{"message":"received POST to index"}`},
	{"GET", "/api-gateway-test/2/foo/bar", "/api-gateway-test/{id}/foo/{foo_id}", "", 404, `{"error":"404 Not Found"}`},
	{"DELETE", "/", "/", "", 405, `{"error":"405 Method Not Allowed"}`},
}

// event returns a request as API Gateway sends it: payload 1.0, of a REST API with the
// stage test.
func event(t *testing.T, method, path, resource, body string) []byte {
	t.Helper()
	headers := map[string]string{"Accept": "*/*", "Host": "abc.execute-api.us-west-2.amazonaws.com", "User-Agent": "curl/8.5.0",
		"X-Amzn-Trace-Id": "Root=1-67891233-abcdef012345678912345678", "X-Forwarded-For": "192.0.2.7", "X-Forwarded-Port": "443", "X-Forwarded-Proto": "https"}
	if body != "" {
		headers["Content-Type"] = "application/json"
	}
	lists := map[string][]string{}
	for name, value := range headers {
		lists[name] = []string{value}
	}
	made, err := json.Marshal(map[string]any{
		"resource": resource, "path": path, "httpMethod": method, "headers": headers, "multiValueHeaders": lists,
		"queryStringParameters": map[string]string{"query": "parameter"}, "multiValueQueryStringParameters": map[string]string{},
		"stageVariables": map[string]string{"version": "beta"}, "body": body, "isBase64Encoded": false,
		"requestContext": map[string]any{"resourcePath": resource, "httpMethod": method, "path": "/test" + path, "stage": "test",
			"requestId": "80f5b78a", "requestTime": "28/Nov/2026:10:00:00 +0000", "requestTimeEpoch": 1795860000000,
			"identity": map[string]any{"sourceIp": "192.0.2.7", "userAgent": "curl/8.5.0", "caller": nil}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestBehindAPIGateway(t *testing.T) {
	handler := &lambda.Handler{API: table()}
	ctx := apiphant.WithLog(context.Background(), slog.New(slog.DiscardHandler))
	for _, test := range tests {
		t.Run(test.method+" "+test.path, func(t *testing.T) {
			encoded, err := handler.Invoke(ctx, event(t, test.method, test.path, test.resource, test.body))
			if err != nil {
				t.Fatal(err)
			}
			var answer struct {
				StatusCode        int
				Body              string
				IsBase64Encoded   bool
				Headers           map[string]string
				MultiValueHeaders map[string][]string
			}
			if err := json.Unmarshal(encoded, &answer); err != nil {
				t.Fatal(err)
			}
			if answer.StatusCode != test.status || answer.IsBase64Encoded || answer.Headers["X-Request-Id"] == "" {
				t.Errorf("got %s, want the status %d", encoded, test.status)
			}
			var got, want any
			if err := json.Unmarshal([]byte(answer.Body), &got); err != nil {
				t.Fatal(err)
			}
			_ = json.Unmarshal([]byte(test.want), &want)
			if diff := cmp.Diff(got, want); diff != "" {
				t.Errorf("got -, want +:\n%s", diff)
			}
		})
	}
}

func TestServed(t *testing.T) {
	served := apitest.Local(t, table())
	for _, test := range tests {
		served.Header = http.Header{"Content-Type": {"application/json"}}
		served.TestAddress(test.method, test.path, test.body, test.status, test.want)
	}
}
