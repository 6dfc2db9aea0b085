package server_test

import (
	"net/http"
	"testing"

	"github.com/apiphant/apiphant/server"
)

// TestHosts asks on one connection what doortest can't ask of every door: for health,
// in HTTP/1.0, and behind a trusted proxy.
func TestHosts(t *testing.T) {
	api := raw(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte(r.Host)) })
	api.Hosts = []string{"shop.example.com"}
	untrusted := start(t, api, &server.Server{})
	trusted := start(t, api, &server.Server{TrustedProxies: networks("127.0.0.1/32")})
	ours, theirs := untrusted.dial(), trusted.dial()
	for _, tt := range []struct {
		name    string
		on      *client
		request string
		want    string
	}{
		{"its own", ours, "GET /api/v0/raw/read HTTP/1.1\r\nHost: shop.example.com\r\n\r\n", "200 shop.example.com"},
		{"another", ours, "GET /api/v0/raw/read HTTP/1.1\r\nHost: evil.example\r\n\r\n", refusal(421)},
		{"its own, behind another", ours, "GET /api/v0/raw/read HTTP/1.1\r\nHost: shop.example.com:81\r\n\r\n", "200 shop.example.com:81"},
		{"an absolute form", ours, "GET http://evil.example/api/v0/raw/read HTTP/1.1\r\nHost: evil.example\r\n\r\n", refusal(421)},
		{"nobody's options", ours, "OPTIONS * HTTP/1.1\r\nHost: evil.example\r\n\r\n", refusal(421)},
		{"health", ours, "GET /healthz HTTP/1.1\r\nHost: 10.0.0.7:8001\r\n\r\n", `200 {"status":"ok"}`},
		{"health in HTTP/1.0", untrusted.dial(), "GET /healthz HTTP/1.0\r\n\r\n", `200 {"status":"ok"}`},
		{"none", untrusted.dial(), "GET /api/v0/raw/read HTTP/1.0\r\n\r\n", refusal(421)},
		{"none, an absolute form", untrusted.dial(), "GET http://shop.example.com/api/v0/raw/read HTTP/1.0\r\n\r\n", refusal(421)},
		{"by a proxy", theirs, "GET /api/v0/raw/read HTTP/1.1\r\nHost: 10.0.0.7\r\nX-Forwarded-Host: evil.example, shop.example.com\r\n\r\n", "200 shop.example.com"},
		{"another, by a proxy", theirs, "GET /api/v0/raw/read HTTP/1.1\r\nHost: shop.example.com\r\nX-Forwarded-Host: shop.example.com, evil.example\r\n\r\n", refusal(421)},
	} {
		if got := tt.on.ask(tt.request); got.String() != tt.want {
			t.Errorf("%s: got %v, want %s", tt.name, got, tt.want)
		}
	}
}
