package lambda_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/doortest"
	"github.com/apiphant/apiphant/internal/lambdaemulator/gateway"
	"github.com/apiphant/apiphant/lambda"
)

// gatewayClient asks a Handler as one kind of gateway does. It is an [http.RoundTripper].
type gatewayClient struct {
	handler *lambda.Handler
	kind    string
}

var gatewayKinds = []string{"REST API", "HTTP API 1.0", "HTTP API 2.0", "function URL", "function URL, streamed", "load balancer", "load balancer with lists"}

func TestHandlerConforms(t *testing.T) {
	for i, kind := range gatewayKinds {
		t.Run(kind, func(t *testing.T) {
			if withRaceDetector && i > 0 {
				t.Skip("make test runs it without the race detector")
			}
			doortest.Suite{
				Transport: func(_ *testing.T, api *apiphant.API) http.RoundTripper {
					return gatewayClient{&lambda.Handler{API: api}, kind}
				},
				Addresses: true,
				Methods:   true,
				Collected: true,
				Joins:     kind == "HTTP API 2.0" || strings.HasPrefix(kind, "function URL") || kind == "load balancer",
			}.Run(t)
		})
	}
}

func (g gatewayClient) RoundTrip(r *http.Request) (*http.Response, error) {
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
	if g.kind == "function URL, streamed" {
		return g.stream(context.WithoutCancel(ctx), r, payload)
	}
	answer, err := g.handler.Invoke(context.WithoutCancel(ctx), payload)
	if err != nil {
		return nil, fmt.Errorf("the function failed: %w", err)
	}
	return g.response(r, answer)
}

// like returns the kind of gateway whose events and answers those of this one are like.
func (g gatewayClient) like() gateway.Kind {
	switch g.kind {
	case "HTTP API 2.0":
		return gateway.HTTP
	case "function URL", "function URL, streamed":
		return gateway.URL
	case "load balancer":
		return gateway.Balancer
	}
	return gateway.REST
}

// event returns what the gateway makes of a request.
func (g gatewayClient) event(r *http.Request) (map[string]any, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	if r.ContentLength > 0 && int64(len(body)) != r.ContentLength {
		return nil, nil // a gateway refuses what is not whole
	}
	came := r.Clone(r.Context())
	came.RequestURI, came.RemoteAddr, came.Host = r.URL.RequestURI(), "127.0.0.1:1", cmp.Or(r.Host, r.URL.Host)
	payload, err := g.like().Event(came, body, gateway.Call{RequestID: "1", Account: "123456789012", Region: "eu-central-1", Function: "shop", Time: time.Now()})
	if err != nil {
		return nil, err
	}
	var event map[string]any
	if err := json.Unmarshal(payload, &event); err != nil {
		return nil, err
	}
	switch g.kind {
	case "HTTP API 1.0":
		event["version"] = "1.0"
		event["requestContext"].(map[string]any)["path"], event["requestContext"].(map[string]any)["stage"] = event["path"], "$default"
	case "load balancer with lists":
		event["requestContext"] = map[string]any{"elb": map[string]any{"targetGroupArn": "arn"}}
		delete(event, "headers")
		delete(event, "queryStringParameters")
		all := map[string][]string{}
		for pair := range strings.SplitSeq(r.URL.RawQuery, "&") {
			if name, value, _ := strings.Cut(pair, "="); pair != "" {
				all[name] = append(all[name], value)
			}
		}
		event["multiValueQueryStringParameters"] = all
	}
	return event, nil
}

// response returns what the gateway makes of an answer.
func (g gatewayClient) response(r *http.Request, payload []byte) (*http.Response, error) {
	answer, err := g.like().Answer(payload)
	if err != nil {
		return nil, err
	}
	if r.Method != http.MethodHead && answer.Status != 204 && answer.Status != 304 {
		answer.Header.Set("Content-Length", fmt.Sprint(len(answer.Body)))
	}
	return &http.Response{StatusCode: answer.Status, Header: answer.Header, Body: io.NopCloser(bytes.NewReader(answer.Body)),
		ContentLength: int64(len(answer.Body)), Request: r, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}, nil
}
