package nethttp_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/nethttp"
)

// TestHijackOverHTTP2: there is no connection to take over. The function can still
// answer, also where it has written 101.
func TestHijackOverHTTP2(t *testing.T) {
	api := &apiphant.API{}
	api.Handle("v0/raw", apiphant.Actions{Read: apiphant.Raw(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusSwitchingProtocols)
		if _, _, err := http.NewResponseController(w).Hijack(); errors.Is(err, errors.ErrUnsupported) {
			http.Error(w, err.Error(), http.StatusNotImplemented)
		}
	})})
	server := httptest.NewUnstartedServer(nethttp.Handler(api))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	got, err := server.Client().Get(server.URL + "/api/v0/raw/read")
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	if text, err := io.ReadAll(got.Body); got.ProtoMajor != 2 || got.StatusCode != http.StatusNotImplemented || len(text) == 0 || err != nil {
		t.Errorf("got %s %s, %q and %v, want the function's 501", got.Proto, got.Status, text, err)
	}
}
