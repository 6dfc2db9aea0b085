package lambda_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/apiphant/apiphant/program/background"
	"github.com/apiphant/apiphant/program/lambda"
	"github.com/apiphant/apiphant/program/serve"
)

// post returns an event of an HTTP API that asks for a path.
func post(path, body string) string {
	event, _ := json.Marshal(map[string]any{"version": "2.0", "rawPath": path, "routeKey": "$default", "body": body,
		"requestContext": map[string]any{"stage": "$default", "http": map[string]any{"method": "POST", "path": path, "sourceIp": "192.0.2.1"}}})
	return string(event)
}

const url = `{"version":"2.0","rawPath":"/api/v0/%s/read","routeKey":"$default","body":%q,"requestContext":{"domainName":"x.lambda-url.eu-central-1.on.aws","stage":"$default","http":{"method":"POST","sourceIp":"192.0.2.1"}}}`

// One instance answers all that comes: what is hostile, and what panics, ends neither
// the process nor costs a new one.
func TestBootstrap(t *testing.T) {
	t.Parallel()
	i := start(t, "APIPHANT_ACCESS_LOG=true", "APIPHANT_ADMIN=127.0.0.1:1", "APIPHANT_DRAIN=1s")
	const ok, failed = "/response", "/error"
	tests := []struct{ name, event, path, want string }{
		{"a request", post("/api/v0/echo/read", `{"a":1.0}`), ok, `"body":"{\"a\":1.0}"`},
		{"a warm-up", `{"source":"serverless-plugin-warmup"}`, ok, `null`},
		{"a warm-up of another plugin", `{"warmer":true,"concurrency":3}`, ok, `null`},
		{"a panic", post("/api/v0/panics/read", `{}`), ok, `"statusCode":500`},
		{"Goexit", post("/api/v0/panics/delete", `{}`), ok, `"statusCode":500`},
		{"an answer of 7 MB", post("/api/v0/large/read", `{}`), ok, `"statusCode":502`},
		{"a stream", post("/api/v0/stream/read", `{}`), ok, `"body":"one,two"`},
		{"a stream that is broken off", post("/api/v0/stream/read", `{"break":true}`), ok, `"statusCode":502`},
		{"a stage", `{"version":"2.0","rawPath":"/dev/api/v0/seen/read","routeKey":"$default","headers":{"host":"x.example"},"requestContext":{"stage":"dev","http":{"method":"POST","sourceIp":"192.0.2.1"},"authorizer":{"jwt":{"claims":{"sub":"ann"}}}}}`,
			ok, `\"checked\":true,\"claims\":{\"sub\":\"ann\"},\"host\":\"x.example\",\"in_time\":true,\"path\":\"/api/v0/seen/read\",\"remote\":\"192.0.2.1:0\",\"trace\":\"Root=1-5e1b4151-0\"`},
		{"a base path", `{"httpMethod":"GET","path":"/shop/files/a/b","resource":"/{proxy+}","pathParameters":{"proxy":"files/a/b"},"requestContext":{"stage":"prod","path":"/shop/files/a/b"}}`, ok, `\"path\":\"a/b\"`},
		{"pathParameters is a text", `{"httpMethod":"GET","path":"/files/a","resource":"/{proxy+}","pathParameters":"","requestContext":{"stage":"prod"}}`, ok, `\"path\":\"a\"`},
		{"an identity in a header", `{"httpMethod":"POST","path":"/api/v0/seen/read","headers":{"x-amzn-oidc-data":"ann","x-forwarded-for":"6.6.6.6","authorizer":"{}"},"requestContext":{"identity":{"sourceIp":"2001:db8::1"}}}`,
			ok, `\"checked\":false,\"claims\":{}`},
		{"names of every case", `{"httpMethod":"POST","path":"/api/v0/echo/read","headers":{"CONTENT-TYPE":"application/json","x-REQUEST-id":"abc"}}`, ok, `"X-Request-Id":"abc"`},
		{"base64 that is none", `{"httpMethod":"POST","path":"/api/v0/echo/read","body":"%%%","isBase64Encoded":true}`, ok, `"statusCode":400`},
		{"a body of 10 MB", post("/api/v0/echo/read", strings.Repeat("x", 10<<20)), ok, `"statusCode":413`},
		{"no fields", `{"requestContext":{"http":{}}}`, failed, `has no method or no path`},
		{"no object", `[1]`, failed, `must be a JSON object`},
		{"no JSON", `{`, failed, `must be a JSON object`},
		{"nothing", ``, ok, `{"source":""}`},
		{"a million levels", strings.Repeat("[", 1e6), failed, `must be a JSON object`},
		{"a million levels in a field", `{"httpMethod":"POST","path":"/","requestContext":` + strings.Repeat(`{"a":`, 1e6) + `1` + strings.Repeat(`}`, 1e6) + `}`, failed, `must be a JSON object`},
		{"a million levels in a body", post("/api/v0/echo/read", strings.Repeat("[", 5e5)), ok, `"statusCode":400`},
		{"fields of other types", `{"httpMethod":7,"path":{},"headers":[]}`, failed, `its field \"httpMethod\" is not of the type`},
		{"messages", sqs("ok", "fails", "panics"), ok, `{"batchItemFailures":[{"itemIdentifier":"fails"},{"itemIdentifier":"panics"}]}`},
		{"a file", `{"Records":[{"eventSource":"aws:s3","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"a+b"}}}]}`, failed, `"errorMessage":"file \"a b\" of b: the file a b is not wanted","errorType":"Product.EventFailed"`},
		{"a task", `{"task":"CleanUp"}`, failed, `"errorMessage":"task CleanUp: panic: on purpose","errorType":"Product.EventPanicked"`},
		{"another event", `{"source":"aws.ec2","detail-type":"State"}`, ok, `{"source":"aws.ec2"}`},
		{"another event that panics", `{"source":"panics"}`, failed, `"errorType":"Product.EventPanicked"`},
		{"a request at the end", post("/api/v0/echo/read", `{}`), ok, `"statusCode":200`},
	}
	for n, test := range tests {
		got := i.ask(test.event)
		if want := fmt.Sprint("invocation/event-", n+1, test.path); got.path != want || !strings.Contains(got.body, test.want) {
			t.Errorf("%s: got %s %.300s, want %s %s", test.name, got.path, got.body, want, test.want)
		}
	}
	i.checkLog()
	if status := i.terminate(); status != 0 || len(i.logged("Stop was called")) != 1 {
		t.Errorf("it ended with status %d, and Stop was called %d times", status, len(i.logged("Stop was called")))
	}
}

// checkLog looks at the log of TestBootstrap's instance, every line of which must be there
// before the answer.
func (i *instance) checkLog() {
	i.t.Helper()
	for text, want := range map[string]int{
		"Settings that have no effect on AWS Lambda: APIPHANT_DRAIN, APIPHANT_ADMIN": 1,
		"OnError was called for CleanUp":                                             1,
		"larger than the 6 MiB that Lambda takes":                                    1,
		"warm": 0,
	} {
		if found := i.logged(text); len(found) != want {
			i.t.Errorf("the log has %q in %d lines, want %d", text, len(found), want)
		}
	}
	if lines := i.logged("/api/v0/panics/read ended with 500"); len(lines) != 1 || lines[0]["aws_request_id"] != "event-4" ||
		lines[0]["aws_trace_id"] != "Root=1-5e1b4151-0" || !strings.Contains(fmt.Sprint(lines[0]["stack"]), "panics.Read") {
		i.t.Errorf("the log has of a panic %v", lines)
	}
	access := i.logged("access")
	first := access[0]
	if first["path"] != "/api/v0/echo/read" || first["status"] != 200.0 || first["bytes"] != 9.0 || first["remote_addr"] != "192.0.2.1:0" || first["request_id"] == "" {
		i.t.Errorf("the access log begins with %v", first)
	}
	if len(access) != 15 || access[3]["status"] != 502.0 {
		i.t.Errorf("the access log has %d lines, among them %v", len(access), access[3])
	}
}

func sqs(texts ...string) string {
	records := []map[string]any{}
	for _, text := range texts {
		records = append(records, map[string]any{"messageId": text, "body": text, "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:eu-central-1:1:orders"})
	}
	event, _ := json.Marshal(map[string]any{"Records": records})
	return string(event)
}

// A function's URL in the mode RESPONSE_STREAM is answered while the function writes.
func TestResponseStream(t *testing.T) {
	t.Parallel()
	i := start(t, "APIPHANT_RESPONSE_STREAM=true", "APIPHANT_ACCESS_LOG=true")
	i.part = make(chan string, 1000)

	// The function waits for a reader of its pipe, which there is once the first part has come.
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	i.send(fmt.Sprintf(url, "stream", `{"wait":"`+pipe+`"}`))
	for came := ""; !strings.HasSuffix(came, "one,"); {
		select {
		case part := <-i.part:
			came += part
		case <-time.After(limit):
			t.Fatalf("only %q has come", came)
		}
	}
	if err := os.WriteFile(pipe, nil, 0); err != nil {
		t.Fatal(err)
	}
	if got := i.report(); !strings.HasSuffix(got.body, "one,two") {
		t.Errorf("got %q", got.body)
	}
	for _, test := range []struct{ name, event, want, errorType string }{
		{"streamed", fmt.Sprintf(url, "stream", "{}"), "\"cookies\":[\"a=1\"]}\x00\x00\x00\x00\x00\x00\x00\x00one,two", ""},
		{"broken off", fmt.Sprintf(url, "stream", `{"break":true}`), "\x00one,", "errorString"},
		{"whole", fmt.Sprintf(url, "echo", `{"a":1}`), "}\x00\x00\x00\x00\x00\x00\x00\x00{\"a\":1}", ""},
		{"beyond 6 MB", fmt.Sprintf(url, "large", `{}`), "xxx\"}", ""},
		{"a panic", fmt.Sprintf(url, "panics", `{}`), "{\"statusCode\":500,", ""},
		{"a gateway", post("/api/v0/stream/read", `{}`), `"body":"one,two"`, ""},
		{"a warm-up", `{"warmer":true}`, "null", ""},
		{"hostile", `{"requestContext":{"http":{},"domainName":".lambda-url."}}`, "has no method or no path", ""},
		{"no JSON", `{`, "unexpected EOF", ""},
	} {
		got := i.ask(test.event)
		if !strings.Contains(got.body, test.want) || got.trailer.Get("Lambda-Runtime-Function-Error-Type") != test.errorType {
			t.Errorf("%s: got %.200q … and the trailer %v, want %q", test.name, got.body, got.trailer, test.want)
		}
		wantType := "application/vnd.awslambda.http-integration-response"
		if is := got.header.Get("Content-Type") == wantType; is != strings.Contains(got.body, "\x00") {
			t.Errorf("%s: got the type %s", test.name, got.header.Get("Content-Type"))
		}
		for len(i.part) > 0 {
			<-i.part
		}
	}
	if lines := i.logged("access"); len(lines) != 7 || lines[1]["bytes"] != 7.0 || lines[2]["status"] != 0.0 {
		t.Errorf("the access log has %v", lines)
	}
}

// What prevents the first event is told to Lambda, and is the last line of the log.
func TestInitErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, variable, kind, message string
		status                        int
	}{
		{"an error", "SHOP_START=fails", "Product.StartFailed", "Start: no luck", 1},
		{"a panic", "SHOP_START=panics", "Product.StartPanicked", "Start: panic: on purpose", 1},
		{"a setting", "APIPHANT_TIMEOUT=soon", "Product.SettingInvalid", `APIPHANT_TIMEOUT is "soon"`, 2},
		{"a setting out of range", "APIPHANT_WORKERS=0", "Product.SettingInvalid", "--workers is 0: want 1 to 10000", 2},
		{"a database", "APIPHANT_DATABASE=sqlite:///x", "Product.InitFailed", "the product is built without this engine", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			i := start(t, test.variable)
			var got struct {
				Message string   `json:"errorMessage"`
				Type    string   `json:"errorType"`
				Stack   []string `json:"stackTrace"`
			}
			select {
			case sent := <-i.reports:
				if err := json.Unmarshal([]byte(sent.body), &got); err != nil || sent.path != "init/error" || sent.header.Get("Lambda-Runtime-Function-Error-Type") != test.kind {
					t.Errorf("got %+v, %v", sent, err)
				}
			case <-time.After(limit):
				t.Fatal("nothing was reported")
			}
			if got.Type != test.kind || !strings.Contains(got.Message, test.message) || (test.name == "a panic") != (len(got.Stack) > 1) {
				t.Errorf("got %+v, want %s %q", got, test.kind, test.message)
			}
			if status := i.end(); status != test.status {
				t.Errorf("it ended with status %d, want %d", status, test.status)
			}
			if lines := strings.Split(strings.TrimSpace(i.logText()), "\n"); test.status == 1 && !strings.Contains(lines[len(lines)-1], got.Message[:12]) {
				t.Errorf("the last line of the log is %s", lines[len(lines)-1])
			}
			select {
			case <-i.asked:
				t.Error("it asked for events")
			default:
			}
		})
	}
}

// The same file is a program as any other.
func TestOtherCommands(t *testing.T) {
	t.Parallel()
	bootstrap, err := built()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ args, want string }{
		{"routes", "/api/v0/echo/read"},
		{"background --list", "CleanUp  every 1m0s"},
		{"serve --help", "Serve the API at HOST:PORT"},
		{"lambda", "AWS_LAMBDA_RUNTIME_API is not set"},
		{"", "a command is missing"},
	} {
		out, _ := exec.Command(bootstrap, strings.Fields(test.args)...).CombinedOutput()
		if !strings.Contains(string(out), test.want) {
			t.Errorf("%s: got %s, want %s", test.args, out, test.want)
		}
	}
}

// Programs that are not for Lambda contain nothing of aws-lambda-go.
func TestOnlyWhereAsked(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "../serve", "../background").Output()
	if err != nil || strings.Contains(string(out), "aws") {
		t.Errorf("got %v, %s", err, out)
	}
}

// Every setting of the other commands is one here, or is known to have no effect.
func TestEverySetting(t *testing.T) {
	all := pflag.NewFlagSet("all", pflag.ContinueOnError)
	(&serve.Settings{}).AddFlags(all)
	others := pflag.NewFlagSet("background", pflag.ContinueOnError)
	(&background.Settings{}).AddFlags(others)
	all.AddFlagSet(others)
	own := pflag.NewFlagSet("lambda", pflag.ContinueOnError)
	(&lambda.Settings{}).AddFlags(own)
	all.VisitAll(func(flag *pflag.Flag) {
		variable := "APIPHANT_" + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
		t.Setenv(variable, "x")
		if known := own.Lookup(flag.Name) != nil; known == slices.Contains(lambda.Meaningless(), variable) {
			t.Errorf("--%s: it is a setting %v, and is said to have no effect %v", flag.Name, known, !known)
		}
	})
}
