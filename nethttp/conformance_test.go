package nethttp_test

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/doortest"
	"github.com/apiphant/apiphant/nethttp"
)

var discard = slog.New(slog.DiscardHandler)

// newServer returns a server that logs nothing, and is not started.
func newServer(handler http.Handler) *httptest.Server {
	server := httptest.NewUnstartedServer(handler)
	server.Config.BaseContext = func(net.Listener) context.Context {
		return apiphant.WithLog(context.Background(), discard)
	}
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	return server
}

// serve serves a handler for the time of a test, and returns its URL.
func serve(t *testing.T, handler http.Handler) string {
	t.Helper()
	server := newServer(handler)
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

func TestHandlerConforms(t *testing.T) {
	doortest.Suite{
		Open:       func(t *testing.T, api *apiphant.API) string { return serve(t, nethttp.Handler(api)) },
		Addresses:  true,
		Methods:    true,
		ClientGone: true,
		Hijack:     true,
	}.Run(t)
}

// TestMountedConforms asks a handler below a prefix, in a router that cleans paths.
func TestMountedConforms(t *testing.T) {
	doortest.Run(t, func(t *testing.T, api *apiphant.API) string {
		mux := http.NewServeMux()
		mux.Handle("/shop/api/", http.StripPrefix("/shop", nethttp.Handler(api)))
		mux.HandleFunc("/shop/", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
		return serve(t, mux) + "/shop"
	})
}
