package doortest_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"testing"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/doortest"
	"github.com/apiphant/apiphant/nethttp"
)

// collected is a door that has whole requests and sends whole answers, as the
// events of a queue or of a gateway are. An answer that is broken off is a 502.
type collected struct{ handler http.Handler }

func (c collected) RoundTrip(sent *http.Request) (answer *http.Response, err error) {
	var body []byte
	if sent.Body != nil {
		if body, err = io.ReadAll(sent.Body); err != nil {
			return nil, err
		}
		sent.Body.Close()
	}
	if int64(len(body)) != sent.ContentLength {
		return &http.Response{StatusCode: http.StatusBadRequest, Body: http.NoBody}, nil
	}
	quiet := apiphant.WithLog(context.Background(), slog.New(slog.DiscardHandler))
	r := httptest.NewRequestWithContext(quiet, sent.Method, "/", bytes.NewReader(body))
	if r.URL, err = url.ParseRequestURI(sent.URL.RequestURI()); err != nil {
		return &http.Response{StatusCode: http.StatusBadRequest, Body: http.NoBody}, nil
	}
	r.RequestURI, r.RemoteAddr = sent.URL.RequestURI(), "127.0.0.1:0"
	if r.Host = "localhost"; sent.Host != "" {
		r.Host = sent.Host
	}
	for name, values := range sent.Header {
		r.Header[http.CanonicalHeaderKey(name)] = values
	}
	r.Header.Set("Content-Length", strconv.Itoa(len(body)))
	recorder := httptest.NewRecorder()
	defer func() {
		if value := recover(); value == http.ErrAbortHandler {
			answer = &http.Response{StatusCode: http.StatusBadGateway, Body: http.NoBody}
		} else if value != nil {
			panic(value)
		}
	}()
	c.handler.ServeHTTP(recorder, r)
	return recorder.Result(), nil
}

func TestCollectedDoorConforms(t *testing.T) {
	doortest.Suite{
		Transport: func(_ *testing.T, api *apiphant.API) http.RoundTripper { return collected{nethttp.Handler(api)} },
		Collected: true,
		Addresses: true,
		Methods:   true,
	}.Run(t)
}
