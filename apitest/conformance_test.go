package apitest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/apiphant/apiphant/apitest"
	"github.com/apiphant/apiphant/internal/conformance"
)

func TestLocalConforms(t *testing.T) {
	conformance.Run(t, askLocal(apitest.Local(t, conformance.API())))
}

func TestStrictLocalConforms(t *testing.T) {
	conformance.RunStrict(t, askLocal(apitest.Local(t, conformance.StrictAPI())))
}

func askLocal(server *apitest.Server) func(testing.TB, conformance.Request) conformance.Answer {
	return func(t testing.TB, q conformance.Request) conformance.Answer {
		r, err := http.NewRequestWithContext(context.Background(), q.Method, server.URL, bytes.NewReader(q.Body))
		if err != nil {
			t.Fatal(err)
		}
		path, query, _ := bytes.Cut([]byte(q.Path), []byte("?"))
		r.URL = &url.URL{Scheme: "http", Host: "local", Opaque: string(path), RawQuery: string(query)}
		r.Header = q.Header.Clone()
		if host := r.Header.Get("Host"); host != "" {
			r.Host = host
		}
		answer, err := server.HTTP().Transport.RoundTrip(r) // without the client's own ideas about paths
		if err != nil {
			return conformance.Answer{Broken: true}
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Error(err)
		}
		return conformance.Answer{Status: answer.StatusCode, Header: answer.Header, Body: body, Broken: err != nil}
	}
}
