package lambdahttp_test

import (
	"context"
	"log/slog"
	"net/http"
	"testing"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/doortest"
	"github.com/apiphant/apiphant/lambda"
	"github.com/apiphant/apiphant/lambdahttp"
)

// TestProductsConform asks products behind Lambda all that doors are asked.
func TestProductsConform(t *testing.T) {
	if withRaceDetector {
		t.Skip("make test runs it without the race detector")
	}
	doortest.Suite{
		Transport: func(t *testing.T, api *apiphant.API) http.RoundTripper {
			handler := &lambda.Handler{API: api}
			return hosted{&lambdahttp.Transport{Endpoint: serve(t, func(call invocation) outcome {
				payload, err := handler.Invoke(apiphant.WithLog(context.Background(), slog.New(slog.DiscardHandler)), call.payload)
				if err != nil {
					return outcome{failed: "Unhandled", payload: `{"errorMessage":"` + err.Error() + `"}`}
				}
				return outcome{payload: string(payload)}
			})}}
		},
		Addresses: true,
		Methods:   true,
		Collected: true,
	}.Run(t)
}

// hosted sends requests for any host to the function "product", which sees that host.
type hosted struct{ http.RoundTripper }

func (h hosted) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if r.Host == "" {
		r.Host = r.URL.Host
	}
	r.Header.Set("X-Forwarded-Proto", "http") // else the client is told to have used https
	r.URL.Scheme, r.URL.Host = lambdahttp.Scheme, "product"
	return h.RoundTripper.RoundTrip(r)
}
