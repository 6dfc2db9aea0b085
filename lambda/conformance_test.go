package lambda_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/doortest"
	"github.com/apiphant/apiphant/lambda"
)

// gateway asks a Handler as one kind of gateway does. It is an [http.RoundTripper].
type gateway struct {
	handler *lambda.Handler
	kind    string
}

var gatewayKinds = []string{"REST API", "HTTP API 1.0", "HTTP API 2.0", "function URL", "load balancer", "load balancer with lists"}

func TestHandlerConforms(t *testing.T) {
	for i, kind := range gatewayKinds {
		t.Run(kind, func(t *testing.T) {
			if withRaceDetector && i > 0 {
				t.Skip("make test runs it without the race detector")
			}
			doortest.Suite{
				Transport: func(_ *testing.T, api *apiphant.API) http.RoundTripper {
					return gateway{&lambda.Handler{API: api}, kind}
				},
				Addresses: true,
				Methods:   true,
				Collected: true,
				Joins:     kind == "HTTP API 2.0" || kind == "function URL" || kind == "load balancer",
			}.Run(t)
		})
	}
}

func (g gateway) RoundTrip(r *http.Request) (*http.Response, error) {
	event, err := g.event(r)
	if err != nil {
		return nil, err
	}
	if event == nil {
		return &http.Response{StatusCode: http.StatusBadRequest, Body: http.NoBody, Request: r}, nil
	}
	payload, err := json.Marshal(event)
	if err != nil {
		return nil, err
	}
	ctx := apiphant.WithLog(r.Context(), slog.New(slog.DiscardHandler))
	answer, err := g.handler.Invoke(context.WithoutCancel(ctx), payload)
	if err != nil {
		return nil, fmt.Errorf("the function failed: %w", err)
	}
	return g.response(r, answer)
}

// event returns what the gateway makes of a request.
func (g gateway) event(r *http.Request) (map[string]any, error) {
	var content []byte
	if r.Body != nil {
		var err error
		if content, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	if r.ContentLength > 0 && int64(len(content)) != r.ContentLength {
		return nil, nil // a gateway refuses what is not whole
	}
	var body any
	if len(content) > 0 {
		body = string(content)
	}
	encoded := !utf8.Valid(content) || strings.Contains(r.Header.Get("Content-Type"), "multipart")
	if encoded {
		body = base64.StdEncoding.EncodeToString(content)
	}
	single, multi := map[string]string{"host": r.URL.Host, "x-forwarded-proto": "http"}, map[string][]string{"host": {r.URL.Host}, "x-forwarded-proto": {"http"}}
	if r.Host != "" {
		single["host"], multi["host"] = r.Host, []string{r.Host}
	}
	for name, values := range r.Header {
		if name = strings.ToLower(name); name == "x-forwarded-proto" {
			continue // which the gateway sets
		}
		single[name], multi[name] = strings.Join(values, ", "), values
	}
	multi["x-forwarded-for"] = append(multi["x-forwarded-for"], "127.0.0.1")
	single["x-forwarded-for"] = strings.Join(multi["x-forwarded-for"], ", ")
	path, query, _ := strings.Cut(r.URL.RequestURI(), "?")
	event := map[string]any{"body": body, "isBase64Encoded": encoded}
	context := map[string]any{"identity": map[string]any{"sourceIp": "127.0.0.1"}, "stage": "$default"}
	switch g.kind {
	case "HTTP API 2.0", "function URL":
		context["http"] = map[string]any{"method": r.Method, "path": r.URL.Path, "sourceIp": "127.0.0.1", "protocol": "HTTP/1.1"}
		event["version"], event["routeKey"], event["rawPath"], event["rawQueryString"], event["headers"] = "2.0", "$default", path, query, single
		if cookies := r.Header["Cookie"]; len(cookies) > 0 {
			delete(single, "cookie")
			event["cookies"] = strings.Split(strings.Join(cookies, "; "), "; ")
		}
	default:
		event["httpMethod"], event["path"], event["resource"] = r.Method, path, "/{proxy+}"
		decode := func(s string) string {
			if strings.HasPrefix(g.kind, "load balancer") {
				return s
			}
			if text, err := url.QueryUnescape(s); err == nil {
				return text
			}
			return s
		}
		one, all := map[string]string{}, map[string][]string{}
		for pair := range strings.SplitSeq(query, "&") {
			if pair != "" {
				name, value, _ := strings.Cut(pair, "=")
				name = decode(name)
				one[name], all[name] = decode(value), append(all[name], decode(value))
			}
		}
		switch g.kind {
		case "load balancer":
			context["elb"] = map[string]any{"targetGroupArn": "arn"}
			event["queryStringParameters"], event["headers"] = one, single
		case "load balancer with lists":
			context["elb"] = map[string]any{"targetGroupArn": "arn"}
			event["multiValueQueryStringParameters"], event["multiValueHeaders"] = all, multi
		default:
			event["queryStringParameters"], event["multiValueQueryStringParameters"] = one, all
			event["headers"], event["multiValueHeaders"] = single, multi
			event["pathParameters"] = map[string]string{"proxy": strings.TrimPrefix(path, "/")}
			context["path"] = "/prod" + path
			context["stage"] = "prod"
			if g.kind == "HTTP API 1.0" {
				event["version"], context["path"], context["stage"] = "1.0", path, "$default"
			}
		}
	}
	event["requestContext"] = context
	return event, nil
}

// response returns what the gateway makes of an answer.
func (g gateway) response(r *http.Request, payload []byte) (*http.Response, error) {
	var answer struct {
		StatusCode        int
		Headers           map[string]string
		MultiValueHeaders map[string][]string
		Cookies           []string
		Body              string
		IsBase64Encoded   bool
	}
	if err := json.Unmarshal(payload, &answer); err != nil {
		return nil, err
	}
	body := []byte(answer.Body)
	if answer.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(answer.Body); err != nil {
			return nil, err
		}
	}
	header := http.Header{}
	for _, name := range slices.Backward(slices.Sorted(maps.Keys(answer.Headers))) { // Set-Cookie before SEt-Cookie
		header.Add(name, answer.Headers[name])
	}
	for name, values := range answer.MultiValueHeaders {
		for _, value := range values {
			header.Add(name, value)
		}
	}
	for _, cookie := range answer.Cookies {
		header.Add("Set-Cookie", cookie)
	}
	if r.Method != http.MethodHead && answer.StatusCode != 204 && answer.StatusCode != 304 && header.Get("Content-Length") == "" {
		header.Set("Content-Length", fmt.Sprint(len(body)))
	}
	return &http.Response{StatusCode: answer.StatusCode, Header: header, Body: io.NopCloser(bytes.NewReader(body)),
		ContentLength: int64(len(body)), Request: r, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}, nil
}
