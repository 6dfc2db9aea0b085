package hosts_test

import (
	"strings"
	"testing"

	"github.com/apiphant/apiphant/internal/hosts"
)

// TestHas tests what doortest/testdata/hosts does not: forms of settings, and hosts
// that servers refuse before they look them up.
func TestHas(t *testing.T) {
	tests := []struct {
		list, host string
		want       bool
	}{
		{"", "example.com", false},
		{"", "", false},
		{"*", "anything", true},
		{"*", "", true},
		{"example.com", "", false},
		{"example.com", ":80", false},
		{"example.com", "example.com:", true},
		{"example.com", "example.com:x", false},
		{"example.com", "example.com:65536", false},
		{"example.com", "example.com..", false},
		{"Example.COM.", "example.com", true},
		{"example.com:80", "example.com", true},
		{"example.com:80", "example.com:80", true},
		{"example.com:80", "example.com:443", false},
		{"*.example.com:8443", "a.example.com:8443", true},
		{"*.example.com:8443", "a.example.com", false},
		{"*.example.com", ".example.com", false},
		{"*.internal", "db.internal", true},
		{"::1", "[::1]:8001", true},
		{"0:0:0:0:0:0:0:1", "[::1]", true},
		{"[::1]:8001", "[::1]:8001", true},
		{"[::1]:8001", "[::1]", false},
		{"127.0.0.1:8001", "127.0.0.1:8001", true},
		{"127.0.0.1", "127.0.0.1.evil.example", false},
		{"a.example,b.example", "b.example", true},
	}
	for _, tt := range tests {
		t.Run(tt.list+" "+tt.host, func(t *testing.T) {
			set := hosts.Set{}
			if tt.list != "" {
				parsed, err := hosts.Parse(strings.Split(tt.list, ","))
				if err != nil {
					t.Fatal(err)
				}
				set = parsed
			}
			if got := set.Has(tt.host); got != tt.want {
				t.Errorf("got %t", got)
			}
		})
	}
}

func TestHasAllocatesNothing(t *testing.T) {
	set, err := hosts.Parse([]string{"api.example.com", "*.example.org", "127.0.0.1:8001"})
	if err != nil {
		t.Fatal(err)
	}
	if got := testing.AllocsPerRun(100, func() {
		for _, host := range []string{"api.example.com:8001", "a.example.org", "127.0.0.1:8001", "evil.example"} {
			set.Has(host)
		}
	}); got != 0 {
		t.Errorf("got %v allocations", got)
	}
}

func TestHostsThatAreNone(t *testing.T) {
	for _, tt := range []struct{ host, want string }{
		{"", "want a name"},
		{"https://example.com", "want a name"},
		{"example.com/", "want a name"},
		{"example.com:", "want a name"},
		{"example.com:0", "want a name"},
		{"example.com:x", "want a name"},
		{".example.com", "want a name"},
		{"a..example.com", "want a name"},
		{"*example.com", "want a name"},
		{"a.*.example.com", "want a name"},
		{"*.", "want a name"},
		{"münchen.example", "want a name"},
		{"[::1", "want a name"},
		{"fe80::1%eth0", "want a name"},
		{"*.127.0.0.1", "no names below an address"},
		{"*.com", "anybody can have a name below com"},
		{"*.com:443", "anybody can have a name below com"},
		{"*.co.uk", "anybody can have a name below co.uk"},
		{"*.github.io", "anybody can have a name below github.io"},
	} {
		_, err := hosts.Parse([]string{"fine.example", tt.host})
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), `"`+tt.host+`"`) || strings.Contains(err.Error(), "fine") {
			t.Errorf("%q: got %v, want %s", tt.host, err, tt.want)
		}
	}
}

func TestAddress(t *testing.T) {
	for host, want := range map[string]string{
		"127.0.0.1":          "127.0.0.1",
		"127.0.0.1:8001":     "127.0.0.1",
		"[::1]:8001":         "::1",
		"[::ffff:10.0.0.1]":  "10.0.0.1",
		"127.1":              "",
		"localhost":          "",
		"":                   "",
		"127.0.0.1.evil.com": "",
	} {
		if got, ok := hosts.Address(host); ok != (want != "") || ok && got.String() != want {
			t.Errorf("%q: got %s, %t", host, got, ok)
		}
	}
}
