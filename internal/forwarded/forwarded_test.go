package forwarded_test

import (
	"net/netip"
	"testing"

	"github.com/apiphant/apiphant/internal/forwarded"
)

var proxies = forwarded.Proxies{
	netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:1::/48"),
}

func TestClient(t *testing.T) {
	const proxy = "127.0.0.1:4711"
	tests := []struct {
		name  string
		lists []string
		want  string
	}{
		{"no header", nil, proxy},
		{"one", []string{"203.0.113.7"}, "203.0.113.7:0"},
		{"one with a port", []string{"203.0.113.7:567"}, "203.0.113.7:567"},
		{"what the client made up stands before", []string{"198.51.100.1, 203.0.113.7"}, "203.0.113.7:0"},
		{"proxies in two lines", []string{"198.51.100.1, 203.0.113.7", "10.1.2.3,127.0.0.9"}, "203.0.113.7:0"},
		{"a proxy that isn't trusted", []string{"203.0.113.7, 192.0.2.1, 10.1.2.3"}, "192.0.2.1:0"},
		{"IPv6 with a port", []string{"203.0.113.7, [2001:db8::7]:80, [2001:db8:1::1]:81"}, "[2001:db8::7]:80"},
		{"IPv4 written as IPv6", []string{"203.0.113.7, ::ffff:10.0.0.1"}, "203.0.113.7:0"},
		{"garbage ends the chain", []string{"203.0.113.7, unknown, 10.0.0.1"}, "10.0.0.1:0"},
		{"nothing between commas", []string{"203.0.113.7,,10.0.0.1"}, "10.0.0.1:0"},
		{"a zone", []string{"203.0.113.7, fe80::1%eth0"}, proxy},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := forwarded.Client(proxies, netip.MustParseAddrPort(proxy), test.lists); got.String() != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestHost(t *testing.T) {
	for list, want := range map[string]string{
		"a.example":            "a.example",
		"b.example, a.example": "a.example",
		"a.example:8443":       "a.example:8443",
		"[::1]:80":             "[::1]:80",
		"[::1]":                "[::1]",
		"192.0.2.1":            "192.0.2.1",
		"":                     "",
		":80":                  "",
		"a.example:http":       "",
		"a.example:65536":      "",
		"a.example:80:80":      "",
		"[::1]:x":              "",
		"[::1]:":               "[::1]:",
		"a.example:":           "a.example:",
		"[127.0.0.1]":          "",
		"::1":                  "",
		"a.example/path":       "",
		"user@a.example":       "",
		"[::1":                 "",
		"[a.example]":          "",
	} {
		if got := forwarded.Host([]string{list}); got != want {
			t.Errorf("%q: got %q, want %q", list, got, want)
		}
	}
}
