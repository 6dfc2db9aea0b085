package lambda_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/lambda"
)

// quiet is a context whose log is not read.
func quiet(t *testing.T) context.Context {
	return apiphant.WithLog(t.Context(), slog.New(slog.DiscardHandler))
}

// seen answers with what a raw function sees of its request.
func seenAPI() *apiphant.API {
	api := &apiphant.API{}
	api.Handle("v0/seen", apiphant.Actions{Read: apiphant.RawRequest(func(ctx context.Context, r *http.Request) (apiphant.Object, error) {
		claims, ok := lambda.Authorizer(ctx)
		body, err := io.ReadAll(r.Body)
		return apiphant.Object{"remote": r.RemoteAddr, "host": r.Host, "body": string(body), "cookie": r.Header.Get("Cookie"), "claims": claims, "known": ok}, err
	})})
	api.Handle("v0/echo", apiphant.Actions{Read: apiphant.Func(func(_ context.Context, request apiphant.Object) (apiphant.Object, error) { return request, nil })})
	api.Address("GET /files/{path...}", "v0/echo/read")
	api.Address("GET /{$}", "v0/echo/read")
	return api
}

// The path is the product's, whatever the gateway has before it.
func TestPaths(t *testing.T) {
	handler := &lambda.Handler{API: seenAPI()}
	tests := []struct{ name, event, want string }{
		{"REST API", `{"httpMethod":"GET","path":"/files/a","resource":"/{proxy+}","pathParameters":{"proxy":"files/a"},"requestContext":{"stage":"prod","path":"/prod/files/a"}}`, `"path":"a"`},
		{"a base path", `{"httpMethod":"GET","path":"/shop/files/a/b","resource":"/{proxy+}","pathParameters":{"proxy":"files/a/b"},"requestContext":{"stage":"prod","path":"/shop/files/a/b"}}`, `"path":"a/b"`},
		{"a base path of two segments", `{"httpMethod":"GET","path":"/x/y/files/a","resource":"/files/{path}","pathParameters":{"path":"a"},"requestContext":{"stage":"prod","path":"/x/y/files/a"}}`, `"path":"a"`},
		{"a greedy resource", `{"httpMethod":"GET","path":"/shop/files/a/b","resource":"/files/{path+}","pathParameters":{"path":"a/b"},"requestContext":{"stage":"prod","path":"/shop/files/a/b"}}`, `"path":"a/b"`},
		{"pathParameters is a text", `{"httpMethod":"GET","path":"/files/a","resource":"/{proxy+}","pathParameters":"","requestContext":{"stage":"prod"}}`, `"path":"a"`},
		{"no context", `{"httpMethod":"GET","path":"/files/a"}`, `"path":"a"`},
		{"a slash at the end", `{"httpMethod":"GET","path":"/files/","resource":"/files","requestContext":{"stage":"prod","path":"/prod/files/"}}`, `"path":""`},
		{"the root behind a base path", `{"httpMethod":"GET","path":"/shop","resource":"/","requestContext":{"stage":"prod","path":"/shop"}}`, `{}`},
		{"payload 1.0 of an HTTP API with a stage", `{"version":"1.0","httpMethod":"GET","path":"/dev/files/a","requestContext":{"stage":"dev","path":"/dev/files/a"}}`, `"path":"a"`},
		{"a path that begins as the stage", `{"httpMethod":"GET","path":"/files/a","requestContext":{"stage":"files","path":"/files/files/a"}}`, `"path":"a"`},
		{"payload 2.0 with a stage", `{"rawPath":"/dev/files/a","rawQueryString":"","routeKey":"$default","requestContext":{"stage":"dev","http":{"method":"GET"}}}`, `"path":"a"`},
		{"payload 2.0 with a base path", `{"rawPath":"/shop/files/a","routeKey":"GET /files/{path}","requestContext":{"stage":"$default","http":{"method":"GET"}}}`, `"path":"a"`},
		{"an escape", `{"rawPath":"/files/a%2Fb%20c","routeKey":"$default","requestContext":{"http":{"method":"GET"}}}`, `"path":"a/b c"`},
		{"what was decoded", `{"rawPath":"/files/ä 100%","routeKey":"$default","requestContext":{"http":{"method":"GET"}}}`, `"path":"ä 100%"`},
		{"a query", `{"httpMethod":"GET","path":"/files/a","queryStringParameters":{"q":"x&y =é"},"multiValueQueryStringParameters":null}`, `"q":"x&y =é"`},
		{"a query of a load balancer", `{"httpMethod":"GET","path":"/files/a","queryStringParameters":{"q":"x%26y+z"},"headers":{},"requestContext":{"elb":{}}}`, `"q":"x&y z"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer, err := handler.Invoke(quiet(t), []byte(test.event))
			if got := bodyOf(t, answer); err != nil || !strings.Contains(got, test.want) {
				t.Errorf("got %s, %v, want %s", answer, err, test.want)
			}
		})
	}
}

func bodyOf(t *testing.T, answer []byte) string {
	t.Helper()
	var decoded struct{ Body string }
	if err := json.Unmarshal(answer, &decoded); err != nil {
		t.Fatalf("%s: %v", answer, err)
	}
	return decoded.Body
}

// What a function learns of its client comes from the gateway, and nothing of a header.
func TestClient(t *testing.T) {
	handler := &lambda.Handler{API: seenAPI()}
	const v2 = `{"rawPath":"/api/v0/seen/read","headers":{"Host":"a.example","X-Forwarded-For":"6.6.6.6","x-amzn-oidc-data":"forged"},"cookies":["a=1","b=2"],"body":"aGk=","isBase64Encoded":"true","requestContext":{"http":{"method":"POST","sourceIp":"192.0.2.1"}%s}}`
	const v1 = `{"path":"/api/v0/seen/read","httpMethod":"POST","headers":{"x-forwarded-for":"6.6.6.6, 192.0.2.1"},"requestContext":{"identity":{"sourceIp":"192.0.2.1"}%s}}`
	tests := []struct{ name, event, want string }{
		{"all", fmt.Sprintf(v2, ""), `{"body":"hi","claims":{},"cookie":"a=1; b=2","host":"a.example","known":false,"remote":"192.0.2.1:0"}`},
		{"a JWT", fmt.Sprintf(v2, `,"authorizer":{"jwt":{"claims":{"sub":"ann","n":1.0},"scopes":null}}`), `"claims":{"n":1.0,"sub":"ann"},`},
		{"a Lambda authorizer", fmt.Sprintf(v2, `,"authorizer":{"lambda":{"user":"ann"}}`), `"claims":{"user":"ann"},`},
		{"IAM", fmt.Sprintf(v2, `,"authorizer":{"iam":{"userArn":"arn"}}`), `"claims":{"userArn":"arn"},`},
		{"Cognito", fmt.Sprintf(v1, `,"authorizer":{"claims":{"sub":"ann"}}`), `"claims":{"sub":"ann"},`},
		{"a custom authorizer", fmt.Sprintf(v1, `,"authorizer":{"principalId":"ann","key":"v"}`), `"claims":{"key":"v","principalId":"ann"},`},
		{"none", fmt.Sprintf(v1, `,"authorizer":null`), `"known":false`},
		{"one of another form", fmt.Sprintf(v1, `,"authorizer":"ann"`), `"known":false`},
		{"a load balancer", `{"path":"/api/v0/seen/read","httpMethod":"POST","headers":{"x-forwarded-for":"6.6.6.6, 192.0.2.1"},"requestContext":{"elb":{}}}`, `"remote":"192.0.2.1:0"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer, err := handler.Invoke(quiet(t), []byte(test.event))
			if got := bodyOf(t, answer); err != nil || !strings.Contains(got, test.want) {
				t.Errorf("got %s, %v, want %s", got, err, test.want)
			}
		})
	}
}

// No event ends the process; one that can't be answered is an error that says why.
func TestHostileEvents(t *testing.T) {
	handler := &lambda.Handler{API: seenAPI()}
	tests := []struct{ name, event, want string }{
		{"no JSON", `oops`, "must be a JSON object"},
		{"nothing", ``, "keys"},
		{"a list", `[]`, "must be a JSON object"},
		{"no keys", `{}`, "function Event"},
		{"another event", `{"hello":"world"}`, `"hello"`},
		{"no method", `{"httpMethod":"","path":"/"}`, "no method or no path"},
		{"no path", `{"requestContext":{"http":{"method":"GET"}}}`, "no method or no path"},
		{"headers of another type", `{"httpMethod":"GET","path":"/","headers":[1]}`, `field "headers"`},
		{"a context of another type", `{"httpMethod":"GET","path":"/","requestContext":7}`, `field "requestContext"`},
		{"a body of another type", `{"rawPath":"/","body":{},"requestContext":{"http":{"method":"GET"}}}`, `field "body"`},
		{"deeper than anything", `{"httpMethod":"GET","path":"/","x":` + strings.Repeat("[", 100000) + strings.Repeat("]", 100000) + `}`, "must be a JSON object"},
		{"SQS", `{"Records":[{"eventSource":"aws:sqs"}]}`, "function Message"},
		{"S3", `{"Records":[{"eventSource":"aws:s3"}]}`, "function File"},
		{"SNS", `{"Records":[{"EventSource":"aws:sns"}]}`, "function Event"},
		{"records that are none", `{"Records":[7]}`, "function Event"},
		{"a schedule", `{"task":"CleanUp"}`, `the task "CleanUp", and the product has no tasks`},
		{"a WebSocket", `{"requestContext":{"connectionId":"x","routeKey":"$connect"}}`, "function Event"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer, err := handler.Invoke(quiet(t), []byte(test.event))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %s, %v, want an error with %s", answer, err, test.want)
			}
		})
	}
	for name, test := range map[string]struct{ event, want string }{
		"base64 that is none": {`{"httpMethod":"POST","path":"/api/v0/echo/read","body":"%%%","isBase64Encoded":true}`, `"statusCode":400`},
		"a body of 10 MB":     {`{"httpMethod":"POST","path":"/api/v0/echo/read","body":"` + strings.Repeat("x", 10<<20) + `"}`, `"statusCode":413`},
		"a body of null":      {`{"httpMethod":"POST","path":"/api/v0/echo/read","body":null,"headers":null}`, `"statusCode":200`},
		"names of every case": {`{"httpMethod":"POST","path":"/api/v0/echo/read","headers":{"CONTENT-TYPE":"application/json","x-REQUEST-id":"abc"}}`, `"X-Request-Id":"abc"`},
		"an unknown path":     {`{"httpMethod":"GET","path":"/nothing"}`, `"statusCode":404`},
		"an unknown method":   {`{"httpMethod":"get","path":"/files/a"}`, `"statusCode":405`},
	} {
		answer, err := handler.Invoke(quiet(t), []byte(test.event))
		if err != nil || !strings.Contains(string(answer), test.want) {
			t.Errorf("%s: got %.200s, %v, want %s", name, answer, err, test.want)
		}
	}
}

// A body that is compressed meets the handler's bound when it is decoded.
func TestDecodedBody(t *testing.T) {
	api := seenAPI()
	api.AcceptGzip = true
	handler := &lambda.Handler{API: api, MaxBody: 1000}
	for size, want := range map[int]string{900: `"statusCode":200`, 1100: `"statusCode":413`} {
		var body bytes.Buffer
		compressor := gzip.NewWriter(&body)
		_, _ = compressor.Write([]byte("{" + strings.Repeat(" ", size-2) + "}"))
		_ = compressor.Close()
		event := `{"httpMethod":"POST","path":"/api/v0/echo/read","headers":{"content-encoding":"gzip"},"isBase64Encoded":true,"body":"` +
			base64.StdEncoding.EncodeToString(body.Bytes()) + `"}`
		if answer, err := handler.Invoke(quiet(t), []byte(event)); err != nil || !strings.Contains(string(answer), want) {
			t.Errorf("%d bytes: got %s, %v, want %s", size, answer, err, want)
		}
	}
}

// A function that ends its goroutine ends no more than its call.
func TestGoexit(t *testing.T) {
	api := &apiphant.API{}
	api.Handle("v0/exits", apiphant.Actions{Read: apiphant.Raw(func(http.ResponseWriter, *http.Request) { runtime.Goexit() })})
	handler := &lambda.Handler{API: api}
	type result struct {
		answer string
		err    error
	}
	done := make(chan result, 1)
	go func() {
		got := result{err: errors.New("the goroutine of Invoke has ended")}
		defer func() { done <- got }()
		answer, err := handler.Invoke(quiet(t), []byte(`{"httpMethod":"POST","path":"/api/v0/exits/read"}`))
		got = result{string(answer), err}
	}()
	if got := <-done; got.err != nil || !strings.Contains(got.answer, `"statusCode":500`) {
		t.Errorf("got %s, %v", got.answer, got.err)
	}
}

func TestWarmUp(t *testing.T) {
	handler := &lambda.Handler{API: seenAPI()}
	for _, event := range []string{`{"source":"serverless-plugin-warmup"}`, `{"warmer":true,"concurrency":3}`} {
		if answer, err := handler.Invoke(quiet(t), []byte(event)); err != nil || string(answer) != "null" {
			t.Errorf("%s: got %s, %v", event, answer, err)
		}
	}
}

// sqs returns an event with messages, each ID or ID:GROUP, whose text is the id.
func sqs(messages ...string) []byte {
	var records []map[string]any
	for _, message := range messages {
		id, group, _ := strings.Cut(message, ":")
		system, queue := map[string]string{"ApproximateReceiveCount": "1"}, "orders"
		if group != "" {
			system["MessageGroupId"] = group
			queue = "orders.fifo"
		}
		records = append(records, map[string]any{"messageId": id, "body": "text " + id, "attributes": system, "eventSource": "aws:sqs",
			"eventSourceARN": "arn:aws:sqs:eu-central-1:1:" + queue, "awsRegion": "eu-central-1",
			"messageAttributes": map[string]any{"kind": map[string]any{"stringValue": "new", "dataType": "String"}}})
	}
	event, _ := json.Marshal(map[string]any{"Records": records})
	return event
}

func TestMessages(t *testing.T) {
	var mu sync.Mutex
	var got []string
	handler := &lambda.Handler{Message: func(_ context.Context, m lambda.Message) error {
		mu.Lock()
		got = append(got, m.ID)
		mu.Unlock()
		if m.Text != "text "+m.ID || strings.TrimSuffix(m.Queue, ".fifo") != "orders" || m.Region != "eu-central-1" || m.Attributes["kind"] != "new" || m.System["ApproximateReceiveCount"] != "1" {
			t.Errorf("got %+v", m)
		}
		switch m.ID[0] {
		case 'e':
			return errors.New("on purpose")
		case 'p':
			panic("on purpose")
		case 'g':
			runtime.Goexit()
		}
		return nil
	}}
	tests := []struct {
		name     string
		messages []string
		failed   string
		reached  string // in this order; "": in any
	}{
		{"all well", []string{"a", "b"}, ``, ""},
		{"some fail", []string{"a", "e1", "b", "p1", "g1"}, `{"itemIdentifier":"e1"},{"itemIdentifier":"p1"},{"itemIdentifier":"g1"}`, ""},
		{"groups are in order", []string{"a:x", "b:x", "c:x"}, ``, "a b c"},
		{"what follows a failed one in its group is not reached", []string{"a:x", "e:x", "b:x", "c:x"}, `{"itemIdentifier":"e"},{"itemIdentifier":"b"},{"itemIdentifier":"c"}`, "a e"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got = nil
			answer, err := handler.Invoke(quiet(t), sqs(test.messages...))
			if want := `{"batchItemFailures":[` + test.failed + `]}`; err != nil || string(answer) != want {
				t.Errorf("got %s, %v, want %s", answer, err, want)
			}
			if reached := strings.Join(got, " "); test.reached != "" && reached != test.reached {
				t.Errorf("reached %s, want %s", reached, test.reached)
			}
		})
	}
	if _, err := handler.Invoke(quiet(t), []byte(`{"Records":[{"eventSource":"aws:sqs","messageId":7}]}`)); err == nil {
		t.Error("a record that is no message is no error")
	}
}

// No more messages run at the same time than Concurrency, and other groups go on.
func TestConcurrency(t *testing.T) {
	var mu sync.Mutex
	running, most := 0, 0
	both := make(chan struct{})
	handler := &lambda.Handler{Concurrency: 2, Message: func(context.Context, lambda.Message) error {
		mu.Lock()
		running++
		if most = max(most, running); running == 2 {
			select {
			case <-both:
			default:
				close(both)
			}
		}
		mu.Unlock()
		<-both // two run at the same time
		mu.Lock()
		running--
		mu.Unlock()
		return nil
	}}
	var many []string
	for i := range 20 {
		many = append(many, fmt.Sprint("m", i))
	}
	if answer, err := handler.Invoke(quiet(t), sqs(many...)); err != nil || string(answer) != `{"batchItemFailures":[]}` || most != 2 {
		t.Errorf("got %s, %v; %d at the same time", answer, err, most)
	}
}

// What could not be reached before the end of the function is sent again.
func TestMessagesBeforeTheEnd(t *testing.T) {
	handler := &lambda.Handler{Concurrency: 1, Margin: time.Hour, Message: func(_ context.Context, m lambda.Message) error {
		t.Errorf("message %s was begun without time", m.ID)
		return nil
	}}
	ctx, cancel := context.WithTimeout(quiet(t), time.Minute)
	defer cancel()
	answer, err := handler.Invoke(ctx, sqs("a", "b"))
	if err != nil || string(answer) != `{"batchItemFailures":[{"itemIdentifier":"a"},{"itemIdentifier":"b"}]}` {
		t.Errorf("got %s, %v", answer, err)
	}
}

func TestEnvelopes(t *testing.T) {
	bridge := `{"version":"0","id":"1","detail-type":"Object Created","source":"aws.s3","detail":{"n":1.0}}`
	wrapped, _ := json.Marshal(map[string]any{"Type": "Notification", "TopicArn": "arn:topic", "Message": bridge,
		"MessageAttributes": map[string]any{"kind": map[string]any{"Type": "String", "Value": "new"}}})
	tests := []struct{ name, body, want string }{
		{"none", "text", "text|||"},
		{"an object that is none", `{"Type":"Notification"}`, `{"Type":"Notification"}|||`},
		{"SNS", `{"Type":"Notification","TopicArn":"arn:topic","Message":"hi"}`, "hi|arn:topic||"},
		{"EventBridge", bridge, `{"n":1.0}||aws.s3|Object Created`},
		{"EventBridge by SNS", string(wrapped), `{"n":1.0}|arn:topic|aws.s3|Object Created`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got string
			handler := &lambda.Handler{Message: func(_ context.Context, m lambda.Message) error {
				got = strings.Join([]string{m.Text, m.Topic, m.Source, m.Type}, "|")
				return nil
			}}
			event, _ := json.Marshal(map[string]any{"Records": []map[string]any{{"eventSource": "aws:sqs", "messageId": "1", "body": test.body}}})
			if _, err := handler.Invoke(quiet(t), event); err != nil || got != test.want {
				t.Errorf("got %s, %v, want %s", got, err, test.want)
			}
		})
	}
}

func TestFiles(t *testing.T) {
	record := func(event, key string) string {
		return `{"eventSource":"aws:s3","eventName":"` + event + `","eventTime":"2026-11-28T00:00:00Z","awsRegion":"eu-central-1","s3":{"bucket":{"name":"b","ownerIdentity":{"principalId":"ann"}},"object":{"key":"` + key + `","size":3,"eTag":"x"}}}`
	}
	var got []string
	handler := &lambda.Handler{File: func(_ context.Context, f lambda.File) error {
		got = append(got, fmt.Sprint(f.Bucket, " ", f.Name, " ", f.Owner, " ", f.Region, " ", f.Size, " ", f.Removed, " ", f.Event))
		if f.Name == "bad" {
			panic("on purpose")
		}
		return nil
	}}
	event := `{"Records":[` + strings.Join([]string{record("ObjectCreated:Put", "a+b/%C3%A4.png"), record("ObjectCreated:Put", "bad"),
		record("ObjectRemoved:Delete", "100%"), `{"eventSource":"aws:s3"}`}, ",") + `]}`
	_, err := handler.Invoke(quiet(t), []byte(event))
	if err == nil || !strings.Contains(err.Error(), `"bad" of b: panic: on purpose`) || !strings.Contains(err.Error(), "record 3 of the event of S3 is no change of a file: want an object") {
		t.Errorf("got the error %v", err)
	}
	want := []string{"b a b/ä.png ann eu-central-1 3 false ObjectCreated:Put", "b bad ann eu-central-1 3 false ObjectCreated:Put", "b 100% ann eu-central-1 3 true ObjectRemoved:Delete"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func CleanUp(context.Context) error { return nil }

func TestSchedules(t *testing.T) {
	ran := ""
	var failures []string
	handler := &lambda.Handler{
		Tasks: []background.Task{
			background.Seconds(60, CleanUp),
			{Name: "Report", Run: func(context.Context) error { ran = "Report"; return nil }},
			{Name: "Fails", Run: func(context.Context) error { panic("on purpose") }},
			{Name: "Slow", Timeout: time.Millisecond, Run: func(ctx context.Context) error { <-ctx.Done(); return errors.New("too slow") }},
		},
		OnError: func(ctx context.Context, failure background.Failure) error {
			failures = append(failures, fmt.Sprint(failure.Task, " ", failure.Panic, failure.Stack != "", failure.Last, ctx.Err()))
			panic("in OnError")
		},
	}
	tests := []struct{ event, want string }{
		{`{"task":"CleanUp"}`, ""},
		{`{"source":"aws.events","detail-type":"Scheduled Event","resources":["arn:aws:events:eu-central-1:1:rule/Report"],"detail":{}}`, ""},
		{`{"task":"Fails"}`, "task Fails: panic: on purpose"},
		{`{"task":"Slow"}`, "task Slow: too slow: its timeout is 1ms"},
		{`{"task":"Other"}`, `the task "Other", and the product has the tasks CleanUp, Report, Fails, Slow`},
		{`{"source":"aws.events","detail-type":"Scheduled Event","resources":[]}`, `the task ""`},
	}
	for _, test := range tests {
		answer, err := handler.Invoke(quiet(t), []byte(test.event))
		if test.want == "" && (err != nil || string(answer) != "null") || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: got %s, %v, want %s", test.event, answer, err, test.want)
		}
	}
	if ran != "Report" {
		t.Error("the task Report did not run")
	}
	if want := []string{"Fails true true true <nil>", "Slow false false true <nil>"}; !slices.Equal(failures, want) {
		t.Errorf("OnError got %q, want %q", failures, want)
	}
}

func TestOtherEvents(t *testing.T) {
	var got lambda.Event
	handler := &lambda.Handler{Event: func(_ context.Context, event lambda.Event) (any, error) {
		if got = event; event.Source == "panics" {
			panic("on purpose")
		}
		return apiphant.Object{"n": json.Number("1.0"), "html": "<&>"}, nil
	}}
	for event, want := range map[string]string{
		`{"source":"aws.ec2","detail-type":"State","detail":{}}`: "aws.ec2 State",
		`{"Records":[{"EventSource":"aws:sns","Sns":{}}]}`:       "aws:sns ",
		`{"hello":"world"}`: " ",
		`{"path":["not a path"],"version":7,"headers":"anything"}`: " ",
		`{"task":"Unknown"}`: " ",
	} {
		answer, err := handler.Invoke(quiet(t), []byte(event))
		if err != nil || string(answer) != `{"html":"<&>","n":1.0}` {
			t.Errorf("%s: got %s, %v", event, answer, err)
		}
		if text := got.Source + " " + got.Type; text != want || string(got.Payload) != event {
			t.Errorf("%s: got %s and %s, want %s", event, text, got.Payload, want)
		}
	}
	if _, err := handler.Invoke(quiet(t), []byte(`{"source":"panics"}`)); err == nil {
		t.Error("a panic is no error")
	}
	for event, want := range map[string]string{
		`{"source":"aws.ec2","detail-type":"State"}`:       `"aws.ec2" came, of the type "State"`,
		`{"Records":[{"EventSource":"aws:sns","Sns":{}}]}`: `"aws:sns" came`,
		`{"hello":"world"}`:                                `keys "hello"`,
	} {
		if _, err := (&lambda.Handler{}).Invoke(quiet(t), []byte(event)); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "api/events") {
			t.Errorf("without a function, %s: got %v, want %q", event, err, want)
		}
	}
}

// The context of a call ends before Lambda's, and its log has the ids of the call.
func TestContext(t *testing.T) {
	var log bytes.Buffer
	var left time.Duration
	api := &apiphant.API{}
	api.Handle("v0/it", apiphant.Actions{Read: apiphant.Proc(func(ctx context.Context, _ apiphant.Object) error {
		apiphant.Log(ctx).Info("hello")
		deadline, _ := ctx.Deadline()
		left = time.Until(deadline)
		return nil
	})})
	ctx := apiphant.WithLog(t.Context(), slog.New(slog.NewTextHandler(&log, nil)))
	ctx = lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{AwsRequestID: "an-id"})
	//lint:ignore SA1029 the key is aws-lambda-go's
	ctx = context.WithValue(ctx, "x-amzn-trace-id", "Root=1")
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	handler := &lambda.Handler{API: api, Margin: 4 * time.Second}
	if _, err := handler.Invoke(ctx, []byte(`{"httpMethod":"POST","path":"/api/v0/it/read"}`)); err != nil {
		t.Fatal(err)
	}
	if left > 6*time.Second || left < time.Second {
		t.Errorf("the context ends in %s, want 6 s at most", left)
	}
	if text := log.String(); !strings.Contains(text, "aws_request_id=an-id") || !strings.Contains(text, "Root=1") || !strings.Contains(text, "request_id=") {
		t.Errorf("the log has %s", text)
	}
}

// An answer that Lambda does not take is a 502, and the runtime goes on.
func TestTooLarge(t *testing.T) {
	var log bytes.Buffer
	api := &apiphant.API{}
	big := strings.Repeat("x", 7<<20)
	api.Handle("v0/typed", apiphant.Actions{Read: apiphant.Func(func(context.Context, apiphant.Object) (apiphant.Object, error) { return apiphant.Object{"x": big}, nil })})
	api.Handle("v0/raw", apiphant.Actions{Read: apiphant.Raw(func(w http.ResponseWriter, _ *http.Request) {
		for range 100 {
			if _, err := io.WriteString(w, big[:100<<10]); err != nil {
				return
			}
		}
	})})
	api.Handle("v0/binary", apiphant.Actions{Read: apiphant.Raw(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(bytes.Repeat([]byte{0xff}, 5<<20)) // in base64 more than 6 MB
	})})
	handler := &lambda.Handler{API: api}
	ctx := apiphant.WithLog(t.Context(), slog.New(slog.NewTextHandler(&log, nil)))
	for _, target := range []string{"typed", "raw", "binary"} {
		log.Reset()
		answer, err := handler.Invoke(ctx, []byte(`{"httpMethod":"POST","path":"/api/v0/`+target+`/read"}`))
		if err != nil || !strings.HasPrefix(string(answer), `{"statusCode":502,`) || bodyOf(t, answer) != `{"error":"502 Bad Gateway"}` || !strings.Contains(log.String(), "6 MiB") {
			t.Errorf("%s: got %.100s, %v; the log has %.200s", target, answer, err, log.String())
		}
	}
}

func FuzzInvoke(f *testing.F) {
	handler := &lambda.Handler{API: seenAPI(), Message: func(context.Context, lambda.Message) error { return nil }, File: func(context.Context, lambda.File) error { return nil }}
	for _, event := range []string{
		`{"httpMethod":"GET","path":"/shop/files/a","resource":"/{proxy+}","pathParameters":{"proxy":"files/a"},"requestContext":{"stage":"prod","path":"/shop/files/a"}}`,
		`{"rawPath":"/dev/files/%zz","rawQueryString":"a=%","routeKey":"GET /{a+}","pathParameters":"","cookies":["a"],"requestContext":{"stage":"dev","http":{"method":"GET"}}}`,
		`{"httpMethod":"GET","path":"x","multiValueHeaders":{"host":[]},"requestContext":{"elb":{}}}`,
		`{"Records":[{"eventSource":"aws:sqs","messageId":"1","body":"{}"}]}`, `{"Records":[{"eventSource":"aws:s3","s3":{"bucket":{"name":"b"}}}]}`,
	} {
		f.Add([]byte(event))
	}
	ctx := apiphant.WithLog(context.Background(), slog.New(slog.DiscardHandler))
	f.Fuzz(func(t *testing.T, event []byte) {
		answer, err := handler.Invoke(ctx, event)
		if err == nil && len(answer) > 0 && !json.Valid(answer) {
			t.Errorf("the answer %q is no JSON", answer)
		}
		if err != nil && strings.Contains(err.Error(), "panic") {
			t.Error(err)
		}
	})
}
