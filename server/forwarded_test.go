package server_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server"
)

func networks(texts ...string) (all []netip.Prefix) {
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

var proxies = networks("127.0.0.0/8", "10.0.0.0/8", "2001:db8:1::/48")

func TestClientBehind(t *testing.T) {
	const proxy = "127.0.0.1:4711"
	tests := []struct {
		name  string
		lists []string
		want  string
	}{
		{"no header", nil, proxy},
		{"empty", []string{""}, proxy},
		{"one", []string{"203.0.113.7"}, "203.0.113.7:0"},
		{"one with a port", []string{"203.0.113.7:567"}, "203.0.113.7:567"},
		{"white space", []string{" \t203.0.113.7\t "}, "203.0.113.7:0"},
		{"what the client made up stands before", []string{"198.51.100.1, 203.0.113.7"}, "203.0.113.7:0"},
		{"another proxy that is trusted", []string{"198.51.100.1, 203.0.113.7, 10.1.2.3"}, "203.0.113.7:0"},
		{"proxies in two lines", []string{"198.51.100.1, 203.0.113.7", "10.1.2.3,127.0.0.9"}, "203.0.113.7:0"},
		{"a proxy that isn't trusted", []string{"203.0.113.7, 192.0.2.1, 10.1.2.3"}, "192.0.2.1:0"},
		{"trusted ones only", []string{"10.0.0.1, 10.0.0.2"}, "10.0.0.1:0"},
		{"IPv6", []string{"2001:db8::7"}, "[2001:db8::7]:0"},
		{"IPv6 in brackets", []string{"[2001:db8::7]"}, "[2001:db8::7]:0"},
		{"IPv6 with a port", []string{"203.0.113.7, [2001:db8::7]:80, [2001:db8:1::1]:81"}, "[2001:db8::7]:80"},
		{"IPv4 written as IPv6", []string{"203.0.113.7, ::ffff:10.0.0.1"}, "203.0.113.7:0"},
		{"garbage ends the chain", []string{"203.0.113.7, unknown, 10.0.0.1"}, "10.0.0.1:0"},
		{"garbage at the end", []string{"203.0.113.7, _hidden"}, proxy},
		{"nothing between commas", []string{"203.0.113.7,,10.0.0.1"}, "10.0.0.1:0"},
		{"a comma at the end", []string{"203.0.113.7,"}, proxy},
		{"a comma alone", []string{","}, proxy},
		{"a zone", []string{"203.0.113.7, fe80::1%eth0"}, proxy},
		{"a port that is none", []string{"203.0.113.7:x"}, proxy},
		{"a port too large", []string{"203.0.113.7:65536"}, proxy},
		{"an open bracket", []string{"[2001:db8::7"}, proxy},
		{"a name", []string{"example.com"}, proxy},
		{"quotes", []string{`"203.0.113.7"`}, proxy},
		{"leading zeros", []string{"203.0.113.07"}, proxy},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := clientBehind(proxy, tt.lists...); got != tt.want {
				t.Errorf("%q: got %s, want %s", tt.lists, got, tt.want)
			}
		})
	}
}

func clientBehind(proxy string, lists ...string) string {
	var all [][]byte
	for _, list := range lists {
		all = append(all, []byte(list))
	}
	return (&server.Server{TrustedProxies: proxies}).ClientBehind(netip.MustParseAddrPort(proxy), all).String()
}

// FuzzClientBehind: whatever a client sends, it can't make itself another than
// the one that the trusted proxies saw.
func FuzzClientBehind(f *testing.F) {
	for _, seed := range []string{"", "203.0.113.7", "10.0.0.1, [::1]:80", ",", "[", "unknown", "::ffff:10.0.0.1", "10.0.0.1:99999", "fe80::1%a,b"} {
		f.Add(seed, seed)
	}
	const proxy = "127.0.0.1:4711"
	f.Fuzz(func(t *testing.T, sent, other string) {
		for _, seen := range []string{"203.0.113.7", "203.0.113.7:99", "2001:db8::7", "[2001:db8::7]:99"} {
			want := clientBehind(proxy, seen)
			for _, lists := range [][]string{{sent + "," + seen}, {other, sent, seen}, {sent, other + ", " + seen, "10.1.1.1, 10.1.1.2"}} {
				if got := clientBehind(proxy, lists...); got != want {
					t.Errorf("%q: got %s, want %s", lists, got, want)
				}
			}
		}
		got := netip.MustParseAddrPort(clientBehind(proxy, sent, other))
		hops := []netip.Addr{netip.MustParseAddrPort(proxy).Addr()}
		for _, hop := range strings.Split(sent+","+other, ",") {
			hop = strings.Trim(hop, " \t")
			if address, err := netip.ParseAddrPort(hop); err == nil {
				hops = append(hops, address.Addr().Unmap())
			} else if address, err := netip.ParseAddr(strings.Trim(hop, "[]")); err == nil {
				hops = append(hops, address.Unmap())
			}
		}
		if !slices.Contains(hops, got.Addr()) || got.Addr().Zone() != "" {
			t.Errorf("%q, %q: got %s, which nobody named", sent, other, got)
		}
	})
}

// TestTrustedProxies: what a function, a middleware and the access log see of
// a client behind a proxy, one that is believed and one that is not.
func TestTrustedProxies(t *testing.T) {
	const forwarded = "X-Forwarded-For: 198.51.100.1, 203.0.113.7:99\r\nX-Forwarded-Proto: http, https\r\nX-Forwarded-Host: made-up, shop.example.com\r\nX-Real-IP: 198.51.100.1\r\n"
	type view struct{ Remote, Host, Proto, For, Real string }
	tests := []struct {
		name    string
		trusted []netip.Prefix
		headers string
		want    view
		own     string // the origin that is this host
		logged  string
	}{
		{"nobody is trusted", nil, forwarded, view{Remote: "127.0.0.1", Host: "test"}, "http://test", `"remote_addr":"127.0.0.1:`},
		{"others are trusted", networks("10.0.0.0/8"), forwarded, view{Remote: "127.0.0.1", Host: "test"}, "http://test", `"remote_addr":"127.0.0.1:`},
		{"trusted", networks("127.0.0.1/32"), forwarded,
			view{"203.0.113.7", "shop.example.com", "https", "198.51.100.1, 203.0.113.7:99", "198.51.100.1"}, "https://shop.example.com", `"remote_addr":"203.0.113.7:99"`},
		{"trusted, tells nothing", networks("127.0.0.1/32"), "", view{Remote: "127.0.0.1", Host: "test"}, "http://test", `"remote_addr":"127.0.0.1:`},
		{"trusted, tells of a host that is none", networks("127.0.0.1/32"), "X-Forwarded-Host: a/b\r\n", view{Remote: "127.0.0.1", Host: "test"}, "http://test", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			api := raw(func(w http.ResponseWriter, r *http.Request) {
				host := netip.MustParseAddrPort(r.RemoteAddr).Addr().String()
				_ = json.NewEncoder(w).Encode(view{host, r.Host, r.Header.Get("X-Forwarded-Proto"), r.Header.Get("X-Forwarded-For"), r.Header.Get("X-Real-Ip")})
			})
			api.Handle("v0/seen", apiphant.Actions{Read: apiphant.Func(func(context.Context, apiphant.Object) (any, error) { return nil, nil })})
			api.Use("v0/seen", func(apiphant.Handler) apiphant.Handler {
				return func(_ context.Context, call *apiphant.Call) error {
					return call.Answer(view{call.RemoteAddr().String(), call.Header("Host"), call.Header("X-Forwarded-Proto"), call.Header("X-Forwarded-For"), call.Header("X-Real-IP")})
				}
			})
			running := start(t, api, &server.Server{TrustedProxies: tt.trusted})
			c := running.dial()
			ask := func(path, more string) answer {
				return c.ask(strings.Replace(post(path, ""), "\r\n", "\r\n"+more+tt.headers, 1))
			}
			for _, path := range []string{"/api/v0/seen/read", "/api/v0/raw/read"} {
				want := tt.want
				if path == "/api/v0/raw/read" && tt.headers == forwarded && want.Proto != "" {
					want.Proto = "http, https" // as it came
				}
				var got view
				if err := json.Unmarshal([]byte(ask(path, "").body), &got); err != nil {
					t.Fatal(err)
				}
				if difference := cmp.Diff(want, got); difference != "" {
					t.Errorf("%s: %s", path, difference)
				}
			}
			if got := ask("/api/v0/echo/read", "Origin: "+tt.own+"\r\n"); got.status != 200 {
				t.Errorf("origin %s: got %v", tt.own, got)
			}
			if got := ask("/api/v0/echo/read", "Origin: https://made-up\r\n"); got.status != 403 {
				t.Errorf("another origin: got %v", got)
			}
			if tt.want.Proto == "https" {
				if got := ask("/api/v0/echo/read", "Origin: http"+strings.TrimPrefix(tt.own, "https")+"\r\n"); got.status != 403 {
					t.Errorf("the host over http: got %v", got)
				}
			}
			if log := running.access.String(); !strings.Contains(log, tt.logged) {
				t.Errorf("want %s in %s", tt.logged, log)
			}
		})
	}
}

// TestHostOfAbsoluteForm: what a trusted proxy says comes before the target,
// which comes before nothing.
func TestHostOfAbsoluteForm(t *testing.T) {
	running := start(t, raw(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Host) }),
		&server.Server{TrustedProxies: networks("127.0.0.1/32")})
	for rest, want := range map[string]string{
		"HTTP/1.1\r\nHost: test\r\nX-Forwarded-Host: shop.example.com\r\n\r\n":        "shop.example.com",
		"HTTP/1.1\r\nHost: test\r\n\r\n":                                              "test",
		"HTTP/1.0\r\n\r\n":                                                            "test",
		"HTTP/1.0\r\nX-Forwarded-Host: shop.example.com\r\nConnection: close\r\n\r\n": "shop.example.com",
	} {
		if got := running.dial().ask("GET http://test/api/v0/raw/read " + rest); got.body != want {
			t.Errorf("%q: got %v, want %s", rest, got, want)
		}
	}
}

// TestNoProductInHeaders: no answer says what serves it, or in which version.
func TestNoProductInHeaders(t *testing.T) {
	api := connectionAPI()
	requests := []string{
		post("/api/v0/echo/read", ""),
		post("/api/v0/echo/read", "["),
		post("/api/v0/fail/read", ""),
		post("/api/v0/fail/create", ""),
		post("/api/v0/raw/read", ""),
		post("/api/v0/flush/read", ""),
		post("/nothing", ""),
		"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n",
		"GET /api/v0/echo/read HTTP/1.1\r\nHost: test\r\n\r\n",
		"GET /api/v0/flush/read HTTP/1.0\r\n\r\n",
		"OPTIONS /api/v0/echo/read HTTP/1.1\r\nHost: test\r\nOrigin: https://a.example\r\nAccess-Control-Request-Method: POST\r\n\r\n",
		"POST /api/v0/echo/read HTTP/1.1\r\nHost: test\r\nOrigin: https://b.example\r\nContent-Length: 0\r\n\r\n",
		"POST /api/v0/echo/read HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
		"POST /api/v0/echo/read HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 100000000\r\n\r\n",
		"POST /api/v0/echo/read HTTP/1.1\r\nHost: test\r\nContent-Length: 100000000\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: test\r\nX: " + strings.Repeat("x", 10_000) + "\r\n\r\n",
		"NONSENSE\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: te", // and no more
	}
	api.AllowOrigins = []string{"https://a.example"}
	s := &server.Server{HeaderTimeout: 200 * time.Millisecond}
	running := start(t, api, s)
	for _, request := range requests {
		c := running.dial()
		c.send(request)
		_ = c.CloseWrite()
		got := new(strings.Builder)
		_, _ = c.in.WriteTo(got)
		if !strings.HasPrefix(got.String(), "HTTP/1.") {
			t.Errorf("%.80q: got %q", request, got)
		}
		for line := range strings.SplitSeq(got.String(), "\r\n") {
			name, _, _ := strings.Cut(strings.ToLower(line), ":")
			if name == "server" || name == "x-powered-by" || name == "via" || strings.Contains(strings.ToLower(line), "fasthttp") || strings.Contains(strings.ToLower(line), "apiphant") {
				t.Errorf("%.80q: got %q", request, line)
			}
		}
	}
}
