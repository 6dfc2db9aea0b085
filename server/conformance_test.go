package server_test

import (
	"context"
	"log/slog"
	"net"
	"testing"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/doortest"
	"github.com/apiphant/apiphant/server"
)

// ways are the ends of a head that let fasthttp answer the request, or the server
// itself where it can.
var ways = map[string]string{"fasthttp": "Connection: close\r\n\r\n", "json": "\r\n"}

func TestServerConforms(t *testing.T) {
	doortest.Suite{
		Open:       func(t *testing.T, api *apiphant.API) string { return "http://" + serveAPI(t, api) },
		Addresses:  true,
		Methods:    true,
		Targets:    true,
		ClientGone: true,
		Hijack:     true,
	}.Run(t)
}

// serveAPI serves a product of the suite for the time of the test.
func serveAPI(t *testing.T, api *apiphant.API) (address string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(apiphant.WithLog(context.Background(), slog.New(slog.DiscardHandler)))
	served := make(chan error, 1)
	go func() { served <- (&server.Server{API: api, DrainWindow: -1}).Serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return ln.Addr().String()
}
