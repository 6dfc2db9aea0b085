package lambdahttp_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// list is a list of JSON.
func list(values ...any) []any { return values }

type object = map[string]any

// asked returns the event that a request becomes.
func asked(t *testing.T, request *http.Request) (event object) {
	t.Helper()
	response, err := clientOf(serve(t, func(call invocation) outcome {
		event = call.event(t)
		return outcome{payload: `{"statusCode":204}`}
	})).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return event
}

func newRequest(t *testing.T, method, address string, body io.Reader) *http.Request {
	t.Helper()
	request, err := http.NewRequest(method, address, body)
	if err != nil {
		t.Fatal(err)
	}
	return request
}

// TestEvent: a whole event, as Zappa, Mangum and others read it.
func TestEvent(t *testing.T) {
	request := newRequest(t, http.MethodPost, "http+lambda://prod.shop/a%2Fb/c?x=1&y=%26&x=2+3&z&%zz=1", strings.NewReader("k=v&l=w"))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("User-Agent", "test")
	request.Header["X-Many"] = []string{"one", "two"}
	request.AddCookie(&http.Cookie{Name: "a", Value: "1"})
	request.AddCookie(&http.Cookie{Name: "b", Value: "2"})
	event := asked(t, request)
	context := event["requestContext"].(object)
	for _, field := range []string{"requestId", "requestTime", "requestTimeEpoch"} {
		if context[field] == nil || context[field] == "" {
			t.Errorf("requestContext has no %s", field)
		}
		delete(context, field)
	}
	want := object{
		"resource": "/{proxy+}", "path": "/a%2Fb/c", "httpMethod": "POST",
		"pathParameters": object{"proxy": "a%2Fb/c"}, "stageVariables": nil,
		"headers": object{
			"Content-Type": "application/x-www-form-urlencoded", "Content-Length": "7", "Cookie": "a=1; b=2", "Host": "prod.shop",
			"User-Agent": "test", "X-Many": "two", "X-Forwarded-Proto": "https", "X-Forwarded-Port": "443",
		},
		"multiValueHeaders": object{
			"Content-Type": list("application/x-www-form-urlencoded"), "Content-Length": list("7"), "Cookie": list("a=1; b=2"), "Host": list("prod.shop"),
			"User-Agent": list("test"), "X-Many": list("one", "two"), "X-Forwarded-Proto": list("https"), "X-Forwarded-Port": list("443"),
		},
		"queryStringParameters":           object{"x": "2 3", "y": "&", "z": "", "%zz": "1"},
		"multiValueQueryStringParameters": object{"x": list("1", "2 3"), "y": list("&"), "z": list(""), "%zz": list("1")},
		"requestContext": object{
			"accountId": "", "apiId": "lambdahttp", "domainName": "prod.shop", "httpMethod": "POST", "identity": object{"sourceIp": "127.0.0.1", "userAgent": "test"},
			"path": "/a%2Fb/c", "protocol": "HTTP/1.1", "resourceId": "", "resourcePath": "/{proxy+}", "stage": "$default",
		},
		"body": "k=v&l=w", "isBase64Encoded": false,
	}
	if diff := cmp.Diff(want, event); diff != "" {
		t.Errorf("the event differs (-want +got):\n%s", diff)
	}
}

// TestEventWithout: what a request doesn't have is null.
func TestEventWithout(t *testing.T) {
	event := asked(t, newRequest(t, "", "http+lambda://shop", nil))
	want := object{
		"path": "/", "resource": "/", "httpMethod": "GET", "body": nil, "isBase64Encoded": false,
		"queryStringParameters": nil, "multiValueQueryStringParameters": nil, "pathParameters": nil,
	}
	for field, want := range want {
		if event[field] != want {
			t.Errorf("%s is %v, want %v", field, event[field], want)
		}
	}
	if headers := event["headers"].(object); headers["Content-Length"] != nil || headers["Host"] != "shop" {
		t.Errorf("the headers are %v", headers)
	}
}

func TestEventMethods(t *testing.T) {
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"} {
		if event := asked(t, newRequest(t, method, "http+lambda://shop/x", nil)); event["httpMethod"] != method {
			t.Errorf("%s arrives as %v", method, event["httpMethod"])
		}
	}
}

// TestEventBody: text stays text, and bytes are base64.
func TestEventBody(t *testing.T) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	for _, test := range []struct {
		name    string
		body    []byte
		encoded bool
	}{
		{"text", []byte("hé <b>&\u2028\"\\\n"), false},
		{"every byte", every, true},
		{"text with nulls, of which each would be six bytes", make([]byte, 1100<<10), true},
		{"cut UTF-8", []byte("h\xc3"), true},
	} {
		t.Run(test.name, func(t *testing.T) {
			// Without a length that is known, too.
			event := asked(t, newRequest(t, http.MethodPut, "http+lambda://shop/", io.MultiReader(bytes.NewReader(test.body))))
			body := event["body"].(string)
			if event["isBase64Encoded"] == true {
				decoded, err := base64.StdEncoding.DecodeString(body)
				if err != nil {
					t.Fatal(err)
				}
				body = string(decoded)
			}
			if event["isBase64Encoded"] != test.encoded || body != string(test.body) {
				t.Errorf("isBase64Encoded is %v, want %v; the body is the same: %v", event["isBase64Encoded"], test.encoded, body == string(test.body))
			}
		})
	}
}

// TestEventForm: the forms that net/http makes arrive.
func TestEventForm(t *testing.T) {
	var event object
	client := clientOf(serve(t, func(call invocation) outcome {
		event = call.event(t)
		return outcome{payload: `{"statusCode":204}`}
	}))
	response, err := client.PostForm("http+lambda://shop/form", url.Values{"a": {"1", "ü"}})
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if event["body"] != "a=1&a=%C3%BC" || event["headers"].(object)["Content-Type"] != "application/x-www-form-urlencoded" {
		t.Errorf("the event is %v", event)
	}
}
