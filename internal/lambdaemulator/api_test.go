package lambdaemulator_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/apiphant/apiphant/internal/lambdaemulator"
	"github.com/apiphant/apiphant/internal/lambdaemulator/gateway"
)

// Names, types of invocations and mistakes are answered as AWS does.
func TestInvokeAPI(t *testing.T) {
	e := start(t, gateway.HTTP, nil)
	const f = "/2015-03-31/functions/"
	const arn = "arn%3Aaws%3Alambda%3Aeu-central-1%3A123456789012%3Afunction%3Ashop"
	tests := []struct {
		name, path, body string
		headers          []string
		status           int
		errorType, want  string
	}{
		{"a name", f + "shop/invocations", `{"a":1}`, nil, 200, "", `{"a":1}`},
		{"an alias", f + "shop:live/invocations", `1`, nil, 200, "", `1`},
		{"a qualifier", f + "shop/invocations?Qualifier=live", `1`, nil, 200, "", `1`},
		{"both, alike", f + "shop:live/invocations?Qualifier=live", `1`, nil, 200, "", `1`},
		{"both, not alike", f + "shop:live/invocations?Qualifier=old", `1`, nil, 400, "InvalidParameterValueException", "derived qualifier"},
		{"an ARN", f + arn + "/invocations", `1`, nil, 200, "", `1`},
		{"an ARN with an alias", f + arn + "%3Alive/invocations", `1`, nil, 200, "", `1`},
		{"a part of an ARN", f + "123456789012:function:shop/invocations", `1`, nil, 200, "", `1`},
		{"a version", f + "shop:$LATEST/invocations", `1`, nil, 200, "", `1`},
		{"another function", f + "shoes/invocations", `1`, nil, 404, "ResourceNotFoundException", `"Message":"Function not found: arn:aws:lambda:eu-central-1:123456789012:function:shoes"`},
		{"no name", f + "/invocations", `1`, nil, 400, "ValidationException", "functionName"},
		{"a name that is none", f + "sh%20op/invocations", `1`, nil, 400, "ValidationException", "functionName"},
		{"an escape that is none", f + "sh%25op/invocations", `1`, nil, 400, "ValidationException", "functionName"},
		{"a qualifier that is none", f + "shop/invocations?Qualifier=a.b", `1`, nil, 400, "ValidationException", "qualifier"},
		{"no JSON", f + "shop/invocations", `oops`, nil, 400, "InvalidRequestContentException", "Could not parse request body into json"},
		{"too much", f + "shop/invocations", `"` + strings.Repeat("x", 6<<20) + `"`, nil, 413, "RequestTooLargeException", "6291456 bytes"},
		{"too much of an event", f + "shop/invocations", `"` + strings.Repeat("x", 1<<20) + `"`, []string{"X-Amz-Invocation-Type", "Event"}, 413, "RequestTooLargeException", "1048576 bytes"},
		{"a dry run", f + "shop/invocations", `1`, []string{"X-Amz-Invocation-Type", "DryRun"}, 204, "", ""},
		{"another type", f + "shop/invocations", `1`, []string{"X-Amz-Invocation-Type", "Later"}, 400, "ValidationException", "invocationType"},
		{"a context that is none", f + "shop/invocations", `1`, []string{"X-Amz-Client-Context", "%%"}, 400, "InvalidRequestContentException", "Client context"},
		{"a context of two lines", f + "shop/invocations", `1`, []string{"X-Amz-Client-Context", "ewoNfQ=="}, 400, "InvalidRequestContentException", "Client context"},
		{"another operation", f + "shop/configuration", `1`, nil, 404, "UnknownOperationException", "Invoke"},
		{"an event that streams", "/2021-11-15/functions/shop/response-streaming-invocations", `1`, []string{"X-Amz-Invocation-Type", "Event"}, 400, "ValidationException", "invocationType"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := e.post(t, test.path, test.body, test.headers...)
			if got.status != test.status || got.header.Get("X-Amzn-Errortype") != test.errorType || !strings.Contains(got.body, test.want) {
				t.Errorf("got %s, want %d %s %s", got, test.status, test.errorType, test.want)
			}
			if test.errorType != "" && !json.Valid([]byte(got.body)) {
				t.Errorf("an error is no JSON: %s", got)
			}
		})
	}
	if got := e.post(t, f+"shop:7/invocations", "1"); got.header.Get("X-Amz-Executed-Version") != "7" {
		t.Errorf("version 7: got %s", got)
	}
}

// sdk returns AWS's own client of the emulator.
func (e *emulator) sdk() *awslambda.Client {
	return awslambda.New(awslambda.Options{
		BaseEndpoint: aws.String(e.url), Region: "eu-central-1",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "a", SecretAccessKey: "b"}, nil
		}),
		Retryer: aws.NopRetryer{},
	})
}

// AWS's SDK calls a function, and finds the errors that it knows.
func TestSDK(t *testing.T) {
	e := start(t, gateway.URL, nil)
	sdk := e.sdk()
	got, err := sdk.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: aws.String("arn:aws:lambda:eu-central-1:123456789012:function:shop"),
		Qualifier: aws.String("live"), Payload: []byte(`{"do":"error","text":"no"}`), LogType: types.LogTypeTail})
	if err != nil {
		t.Fatal(err)
	}
	log, _ := base64.StdEncoding.DecodeString(*got.LogResult)
	if got.StatusCode != 200 || *got.FunctionError != "Unhandled" || *got.ExecutedVersion != "$LATEST" || !strings.Contains(string(log), "REPORT") {
		t.Errorf("got %+v with the log %s", got, log)
	}
	var none *types.ResourceNotFoundException
	if _, err = sdk.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: aws.String("none")}); !errors.As(err, &none) || !strings.Contains(*none.Message, "function:none") {
		t.Errorf("another function: %v", err)
	}
	var content *types.InvalidRequestContentException
	if _, err = sdk.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: aws.String("shop"), Payload: []byte("oops")}); !errors.As(err, &content) {
		t.Errorf("no JSON: %v", err)
	}
	var size *types.RequestTooLargeException
	if _, err = sdk.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: aws.String("shop"), Payload: make([]byte, 7<<20)}); !errors.As(err, &size) {
		t.Errorf("too much: %v", err)
	}

	tests := []struct{ name, event, parts, code, details string }{
		{"an answer", `{"hello":"world"}`, `{"hello":"world"}`, "", ""},
		{"one that streams", `{"do":"stream","text":"abc"}`, `abc`, "", ""},
		{"one that breaks off", `{"do":"stream","text":"abc","n":2}`, `ab`, "Unhandled", "broken off"},
		{"an error", `{"do":"error","text":"no"}`, ``, "Unhandled", `"errorMessage":"no"`},
		{"an exit", `{"do":"exit","n":1}`, ``, "Unhandled", "Runtime.ExitError"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := sdk.InvokeWithResponseStream(t.Context(), &awslambda.InvokeWithResponseStreamInput{FunctionName: aws.String("shop"), Payload: []byte(test.event)})
			if err != nil {
				t.Fatal(err)
			}
			stream := got.GetStream()
			defer stream.Close()
			parts, code, details, complete := "", "", "", false
			for event := range stream.Events() {
				switch event := event.(type) {
				case *types.InvokeWithResponseStreamResponseEventMemberPayloadChunk:
					parts += string(event.Value.Payload)
				case *types.InvokeWithResponseStreamResponseEventMemberInvokeComplete:
					code, details, complete = aws.ToString(event.Value.ErrorCode), aws.ToString(event.Value.ErrorDetails), true
				}
			}
			if err := stream.Err(); err != nil || !complete || parts != test.parts || code != test.code || !strings.Contains(details, test.details) {
				t.Errorf("got %q, at the end %q %s, %v, want %q, %q %s", parts, code, details, err, test.parts, test.code, test.details)
			}
		})
	}
}

// A function URL sends an answer that streams as it comes.
func TestFunctionURLStreams(t *testing.T) {
	e := start(t, gateway.URL, func(s *lambdaemulator.Settings) { s.Name = "inner" })
	const head = `{"statusCode":201,"headers":{"Content-Type":"text/plain"},"cookies":["a=1"]}`
	zeros := string(make([]byte, 8))
	for _, test := range []struct {
		name, text string
		status     int
		body       string
	}{
		{"whole", head + zeros + "abc\x00\x00\x00\x00\x00\x00\x00\x00d", 201, "abc\x00\x00\x00\x00\x00\x00\x00\x00d"},
		{"no body", head + zeros, 201, ""},
		{"no zeros", head, 502, ""},
		{"no head", "oops" + zeros + "abc", 502, ""},
		{"a status that is none", `{"statusCode":99}` + zeros, 502, ""},
		{"too long a head", strings.Repeat("x", 100<<10), 502, ""},
	} {
		event, _ := json.Marshal(asked{Do: "stream", Text: test.text})
		got := e.post(t, "/", string(event), "Content-Type", "application/json")
		if got.status != test.status || (test.status == 201 && (got.body != test.body || got.header.Get("Set-Cookie") != "a=1" || got.header.Get("Content-Type") != "text/plain")) {
			t.Errorf("%s: got %s", test.name, got)
		}
	}
	event, _ := json.Marshal(asked{Do: "stream", Text: head + zeros + "abc", N: len(head) + 10})
	response, err := http.Post(e.url, "application/json", bytes.NewReader(event))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); string(body) != "ab" || err == nil {
		t.Errorf("an answer that breaks off: got %q, %v", body, err)
	}

	gate := filepath.Join(t.TempDir(), "gate")
	event, _ = json.Marshal(asked{Do: "drip", Text: gate})
	if response, err = http.Post(e.url, "application/json", bytes.NewReader(event)); err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	first := make([]byte, 1)
	if _, err := io.ReadFull(response.Body, first); err != nil || string(first) != "a" {
		t.Fatalf("before the gate: %q, %v", first, err)
	}
	if err := os.WriteFile(gate, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(response.Body); string(rest) != "b" || err != nil {
		t.Errorf("behind the gate: %q, %v", rest, err)
	}
}

// A client of the gateway that waits no longer, as that has it, gets AWS's answer; the
// function goes on.
func TestGatewayTimeout(t *testing.T) {
	for kind, want := range map[gateway.Kind]struct {
		status int
		body   string
	}{
		gateway.REST: {504, `{"message":"Endpoint request timed out"}`}, gateway.HTTP: {503, `{"message":"Service Unavailable"}`},
	} {
		e := start(t, kind, func(s *lambdaemulator.Settings) { s.Name, s.Timeout = "inner", 300*time.Millisecond })
		e.handler.SetGatewayTimeout(time.Millisecond)
		got := e.post(t, "/", `{"do":"sleep"}`, "Content-Type", "application/json")
		if got.status != want.status || got.body != want.body {
			t.Errorf("%s: got %s", kind, got)
		}
		e.waitFor(t, "Task timed out", 1)
	}
}

// What is no request for a path, or too large, does not reach the function.
func TestGatewayRefuses(t *testing.T) {
	e := start(t, gateway.Balancer, nil)
	if got := e.post(t, "/", strings.Repeat("x", 1<<20+1)); got.status != 413 || !strings.Contains(got.body, "<h1>413 Request Entity Too Large</h1>") {
		t.Errorf("got %s", got)
	}
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodOptions, e.url, nil)
	r.URL.Opaque = "*"
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, _ := io.ReadAll(response.Body); response.StatusCode != 400 || !bytes.Contains(body, []byte("Bad Request")) {
		t.Errorf("OPTIONS *: got %d %s", response.StatusCode, body)
	}
	if strings.Contains(e.log.String(), "REPORT") {
		t.Errorf("the function was called: %s", e.log)
	}
}
