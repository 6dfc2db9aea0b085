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

// serve serves a handler without a log, and returns its URL.
func serve(t *testing.T, handler http.Handler) string {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	quiet := slog.New(slog.DiscardHandler)
	server.Config.BaseContext = func(net.Listener) context.Context {
		return apiphant.WithLog(context.Background(), quiet)
	}
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
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
