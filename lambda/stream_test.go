package lambda_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// stream asks as a URL in the mode RESPONSE_STREAM does, and returns the answer when its
// head has come.
func (g gatewayClient) stream(ctx context.Context, r *http.Request, payload []byte) (*http.Response, error) {
	answer, err := g.handler.Stream(ctx, payload)
	if err != nil {
		return nil, fmt.Errorf("the function failed: %w", err)
	}
	from := bufio.NewReader(answer)
	var head struct {
		StatusCode int
		Headers    map[string]string
		Cookies    []string
	}
	encoded, err := from.ReadBytes(0)
	if err != nil || json.Unmarshal(bytes.TrimSuffix(encoded, []byte{0}), &head) != nil {
		return nil, fmt.Errorf("the answer begins with %s: %w", encoded, err)
	}
	if zeros, err := from.Discard(7); err != nil {
		return nil, fmt.Errorf("the head ends with %d zero bytes: %w", zeros+1, err)
	}
	header := http.Header{"Set-Cookie": head.Cookies}
	for name, value := range head.Headers {
		header.Set(name, value)
	}
	return &http.Response{StatusCode: head.StatusCode, Header: header, Request: r, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, ContentLength: -1, Body: struct {
		io.Reader
		io.Closer
	}{from, answer}}, nil
}
