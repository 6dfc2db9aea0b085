package gateway_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/apiphant/apiphant/internal/lambdaemulator/gateway"
)

var call = gateway.Call{RequestID: "id", TraceID: "Root=1", Account: "123456789012", Region: "eu-central-1", Function: "shop", Time: time.Unix(1727179200, 0)}

// eventOf returns the event for a request, with headers as pairs.
func eventOf(t *testing.T, kind gateway.Kind, method, target, body string, headers ...string) map[string]any {
	t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = "localhost:9001"
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	payload, err := kind.Event(r, []byte(body), call)
	if err != nil {
		t.Fatal(err)
	}
	var event map[string]any
	if err := json.Unmarshal(payload, &event); err != nil {
		t.Fatal(err)
	}
	return event
}

// at returns what stands at a path of an object: "requestContext.http.method".
func at(event any, path string) any {
	for name := range strings.SplitSeq(path, ".") {
		object, _ := event.(map[string]any)
		event = object[name]
	}
	return event
}

// Each kind has the fields, and the forms of values, that AWS's documentation shows.
func TestEvents(t *testing.T) {
	type values map[string]any
	list := func(values ...any) []any { return values }
	tests := []struct {
		kind gateway.Kind
		want values
	}{
		{gateway.REST, values{
			"resource": "/{proxy+}", "path": "/a%2Fb/c", "httpMethod": "POST", "body": `{"x":1}`, "isBase64Encoded": false,
			"headers.X-Two": "b", "multiValueHeaders.X-Two": list("a", "b"), "headers.Connection": nil, "headers.Host": "localhost:9001",
			"queryStringParameters":           map[string]any{"q": "3", "r": "x y"},
			"multiValueQueryStringParameters": map[string]any{"q": list("1", "3"), "r": list("x y")},
			"pathParameters":                  map[string]any{"proxy": "a%2Fb/c"},
			"requestContext.stage":            "prod", "requestContext.path": "/prod/a%2Fb/c", "requestContext.identity.sourceIp": "192.0.2.1",
			"requestContext.requestTime": "24/Sep/2024:12:00:00 +0000", "requestContext.requestTimeEpoch": 1727179200000.0,
			"headers.X-Forwarded-For": "6.6.6.6, 192.0.2.1", "headers.X-Forwarded-Port": "9001", "headers.X-Amzn-Trace-Id": "Root=1",
		}},
		{gateway.HTTP, values{
			"version": "2.0", "routeKey": "$default", "rawPath": "/a%2Fb/c", "rawQueryString": "q=1&q=3&r=x+y", "body": `{"x":1}`,
			"headers.x-two": "a,b", "headers.cookie": nil, "cookies": list("k=1", "l=2"), "queryStringParameters": map[string]any{"q": "1,3", "r": "x y"},
			"requestContext.http.method": "POST", "requestContext.http.path": "/a%2Fb/c", "requestContext.http.sourceIp": "192.0.2.1",
			"requestContext.stage": "$default", "requestContext.domainName": "localhost:9001", "multiValueHeaders": nil,
		}},
		{gateway.URL, values{"version": "2.0", "requestContext.domainName": "shop.lambda-url.eu-central-1.on.aws", "cookies": list("k=1", "l=2")}},
		{gateway.Balancer, values{
			"httpMethod": "POST", "path": "/a%2Fb/c", "headers.x-two": "b", "queryStringParameters": map[string]any{"q": "3", "r": "x+y"},
			"requestContext.elb.targetGroupArn": "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/shop/0123456789abcdef",
			"headers.x-forwarded-for":           "6.6.6.6, 192.0.2.1", "multiValueHeaders": nil, "body": `{"x":1}`,
		}},
	}
	for _, test := range tests {
		event := eventOf(t, test.kind, "POST", "/a%2Fb/c?q=1&q=3&r=x+y", `{"x":1}`, "Content-Type", "application/json", "X-Two", "a", "X-Two", "b",
			"Cookie", "k=1; l=2", "Connection", "close", "X-Forwarded-For", "6.6.6.6")
		for path, want := range test.want {
			if diff := cmp.Diff(want, at(event, path)); diff != "" {
				t.Errorf("%s: %s: -want +got\n%s", test.kind, path, diff)
			}
		}
	}
	for kind, want := range map[gateway.Kind]any{gateway.REST: nil, gateway.HTTP: nil, gateway.URL: nil, gateway.Balancer: ""} {
		if event := eventOf(t, kind, "GET", "http://a.example/", ""); event["body"] != want || at(event, "queryStringParameters.q") != nil {
			t.Errorf("%s: GET / is %v", kind, event)
		}
	}
	if _, err := gateway.HTTP.Event(&http.Request{Method: "OPTIONS", RequestURI: "*", URL: &url.URL{Path: "*"}, Header: http.Header{}}, nil, call); err == nil {
		t.Error("OPTIONS * has an event")
	}
}

// Only text of a known type is sent as it is.
func TestBase64(t *testing.T) {
	for _, test := range []struct{ contentType, body, want string }{
		{"text/plain; charset=utf-8", "ä", "ä"},
		{"application/problem+json", "{}", "{}"},
		{"application/json", "\xff", "/w=="},
		{"application/x-www-form-urlencoded", "a=b", "YT1i"},
		{"application/octet-stream", "a", "YQ=="},
		{"", "a", "YQ=="},
		{";", "a", "YQ=="},
	} {
		event := eventOf(t, gateway.HTTP, "POST", "/", test.body, "Content-Type", test.contentType)
		if event["body"] != test.want || event["isBase64Encoded"] != (test.want != test.body) {
			t.Errorf("%q: got %v %v, want %q", test.contentType, event["body"], event["isBase64Encoded"], test.want)
		}
	}
	if event := eventOf(t, gateway.HTTP, "POST", "/", "a", "Content-Type", "text/plain", "Content-Encoding", "br"); event["body"] != "YQ==" {
		t.Errorf("what is compressed: got %v", event["body"])
	}
}

// An answer is translated, or an error says why it is none.
func TestAnswers(t *testing.T) {
	all := gateway.Kinds()
	tests := []struct {
		name, payload string
		kinds         []gateway.Kind
		status        int
		header        http.Header
		body          string
	}{
		{"text", `{"statusCode":201,"headers":{"content-type":"text/plain","X-N":1000000},"body":"hi"}`, all, 201, http.Header{"Content-Type": {"text/plain"}, "X-N": {"1000000"}}, "hi"},
		{"base64", `{"statusCode":"200","body":"/w==","isBase64Encoded":"true"}`, all, 200, http.Header{}, "\xff"},
		{"no body", `{"statusCode":204,"body":null,"headers":{"X":null}}`, all, 204, http.Header{}, ""},
		{"lists", `{"statusCode":200,"headers":{"A":"1","B":"2"},"multiValueHeaders":{"A":["3","4"]}}`, []gateway.Kind{gateway.REST, gateway.Balancer}, 200, http.Header{"A": {"3", "4"}, "B": {"2"}}, ""},
		{"cookies", `{"statusCode":200,"cookies":["a=1","b=2"],"multiValueHeaders":{"A":["3"]}}`, []gateway.Kind{gateway.HTTP, gateway.URL}, 200, http.Header{"Set-Cookie": {"a=1", "b=2"}}, ""},
		{"letter case makes names differ", `{"statusCode":200,"headers":{"SEt-Cookie":"b","Set-Cookie":"a"}}`, all, 200, http.Header{"Set-Cookie": {"a", "b"}}, ""},
		{"headers of the connection", `{"statusCode":200,"headers":{"Connection":"close","transfer-encoding":"chunked"}}`, all, 200, http.Header{}, ""},
		{"only a body", `{"a":1}`, []gateway.Kind{gateway.HTTP, gateway.URL}, 200, http.Header{"Content-Type": {"application/json"}}, `{"a":1}`},
		{"only a text", `"hi"`, []gateway.Kind{gateway.HTTP, gateway.URL}, 200, http.Header{"Content-Type": {"application/json"}}, `hi`},
		{"only a body, where there must be a status", `{"a":1}`, []gateway.Kind{gateway.REST, gateway.Balancer}, 0, nil, "statusCode is <nil>"},
		{"no object", `"hi"`, []gateway.Kind{gateway.REST, gateway.Balancer}, 0, nil, "no JSON object"},
		{"null", `null`, []gateway.Kind{gateway.REST, gateway.Balancer}, 0, nil, "no JSON object"},
		{"no JSON", `oops`, all, 0, nil, "no JSON"},
		{"a body of another type", `{"statusCode":200,"body":{}}`, all, 0, nil, "not of the form"},
		{"base64 that is none", `{"statusCode":200,"body":"%","isBase64Encoded":true}`, all, 0, nil, "base64"},
		{"a status that is none", `{"statusCode":99}`, all, 0, nil, "want a number"},
		{"a status that is no number", `{"statusCode":{}}`, all, 0, nil, "want a number"},
	}
	for _, test := range tests {
		for _, kind := range test.kinds {
			t.Run(test.name+"/"+string(kind), func(t *testing.T) {
				got, err := kind.Answer([]byte(test.payload))
				if test.status == 0 {
					if err == nil || !strings.Contains(err.Error(), test.body) {
						t.Fatalf("got %v, %v, want an error with %q", got, err, test.body)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				want := &gateway.Answer{Status: test.status, Header: test.header, Body: []byte(test.body)}
				if diff := cmp.Diff(want.Header, got.Header); diff != "" || got.Status != want.Status || string(got.Body) != test.body {
					t.Errorf("got %+v, want %+v", got, want)
				}
			})
		}
	}
}

// Each kind says in its own way that there is no answer.
func TestFailures(t *testing.T) {
	const internal = `{"message":"Internal server error"}`
	tests := []struct {
		kind   gateway.Kind
		why    gateway.Failure
		status int
		body   string
	}{
		{gateway.REST, gateway.Failed, 502, internal},
		{gateway.REST, gateway.Late, 504, `{"message":"Endpoint request timed out"}`},
		{gateway.REST, gateway.Throttled, 500, internal},
		{gateway.REST, gateway.TooLarge, 413, `{"message":"Request Too Long"}`},
		{gateway.HTTP, gateway.Failed, 502, `{"message":"Internal Server Error"}`},
		{gateway.HTTP, gateway.Late, 503, `{"message":"Service Unavailable"}`},
		{gateway.URL, gateway.Throttled, 429, "Rate Exceeded."},
		{gateway.URL, gateway.Absent, 502, "Internal Server Error"},
		{gateway.Balancer, gateway.Failed, 502, "<h1>502 Bad Gateway</h1>"},
		{gateway.Balancer, gateway.Throttled, 502, "<h1>502 Bad Gateway</h1>"},
		{gateway.Balancer, gateway.TooLarge, 413, "<h1>413 Request Entity Too Large</h1>"},
	}
	for _, test := range tests {
		got := test.kind.Failure(test.why)
		if got.Status != test.status || !strings.Contains(string(got.Body), test.body) {
			t.Errorf("%s, %d: got %d %s, want %d %s", test.kind, test.why, got.Status, got.Body, test.status, test.body)
		}
	}
	if _, err := gateway.Parse("3.0"); err == nil || !strings.Contains(err.Error(), "want 1.0, 2.0, alb or url") {
		t.Error(err)
	}
}
