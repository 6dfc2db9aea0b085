package apiphant_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/apitest"
)

// TestOrigins: what each setting lets in. What is answered stands in
// doortest/testdata/origin.txtar.
func TestOrigins(t *testing.T) {
	tests := []struct {
		allowed, origin string
		want            string // Access-Control-Allow-Origin; "": refused
		cookies         bool
	}{
		{"", "https://app.example.com", "", false},
		{"", "null", "", false},
		{"*", "https://app.example.com", "*", false},
		{"*", "null", "*", false},
		{"*,https://app.example.com", "https://app.example.com", "https://app.example.com", true},
		{"*,https://app.example.com", "https://other.example.com", "*", false},
		{"HTTPS://App.Example.Com", "https://app.example.com", "https://app.example.com", true},
		{"https://app.example.com:443", "https://app.example.com", "https://app.example.com", true},
		{"http://app.example.com:80", "http://app.example.com", "http://app.example.com", true},
		{"http://localhost:3000", "http://localhost:3000", "http://localhost:3000", true},
		{"http://localhost:3000", "http://localhost", "", false},
		{"http://[::1]:3000", "http://[::1]:3000", "http://[::1]:3000", true},
		{"capacitor://localhost", "capacitor://localhost", "capacitor://localhost", true},
		{"https://*.example.com:8443", "https://a.example.com:8443", "https://a.example.com:8443", false},
		{"https://*.example.com:8443", "https://a.example.com", "", false},
		{"https://*.example.com", "http://a.example.com", "", false},
		{"https://*.example.com", "https://.example.com", "", false},
		{"https://*.example.com", "https://evil:1.example.com", "", false},
		{"https://*.example.com", "https://evil.example#.example.com", "", false},
		{"https://*.localhost:3000", "https://shop.localhost:3000", "https://shop.localhost:3000", false},
		{"https://app.example.com,https://*.example.com", "https://app.example.com", "https://app.example.com", true},
	}
	for _, tt := range tests {
		t.Run(tt.allowed+" "+tt.origin, func(t *testing.T) {
			api := &apiphant.API{}
			if tt.allowed != "" {
				api.AllowOrigins = strings.Split(tt.allowed, ",")
			}
			ran := false
			api.Handle("v0/echo", apiphant.Actions{Read: apiphant.Proc(func(context.Context, apiphant.Object) error { ran = true; return nil })})
			server := apitest.Local(t, api)
			r, err := http.NewRequestWithContext(t.Context(), "POST", server.URL+"/api/v0/echo/read", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Origin", tt.origin)
			answer, err := server.HTTP().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			wantStatus := http.StatusOK
			if tt.want == "" {
				wantStatus = http.StatusForbidden
			}
			got, cookies := answer.Header.Get("Access-Control-Allow-Origin"), answer.Header.Get("Access-Control-Allow-Credentials") == "true"
			if answer.StatusCode != wantStatus || ran != (tt.want != "") || got != tt.want || cookies != tt.cookies {
				t.Errorf("got %d for %q, with cookies: %t, run: %t; want %q, with cookies: %t", answer.StatusCode, got, cookies, ran, tt.want, tt.cookies)
			}
		})
	}
}

func TestOriginsThatAreNone(t *testing.T) {
	for _, tt := range []struct{ origin, want string }{
		{"", "want SCHEME://HOST"},
		{"app.example.com", "want SCHEME://HOST"},
		{"https://", "want SCHEME://HOST"},
		{"https://app.example.com/", "want SCHEME://HOST and nothing after it"},
		{"https://app.example.com/path", "want SCHEME://HOST"},
		{"https://user@app.example.com", "want SCHEME://HOST"},
		{"https://app.example.com:x", "want SCHEME://HOST"},
		{"https://*", "want SCHEME://HOST"},
		{"https://app.*.com", "want SCHEME://HOST"},
		{"https://*app.example.com", "want SCHEME://HOST"},
		{"*.example.com", "want SCHEME://HOST"},
		{"https://a.example, https://b.example", "want SCHEME://HOST"},
		{"https://*.com", "anybody can have a name below com"},
		{"https://*.co.uk:8443", "anybody can have a name below co.uk"},
		{"https://*.GitHub.io", "anybody can have a name below github.io"},
		{"https://*.[::1]:80", "no names below an address"},
		{"null", "every sandboxed page has this origin"},
	} {
		err := (&apiphant.API{AllowOrigins: []string{"https://fine.example", tt.origin}}).Check()
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), `"`+tt.origin+`"`) || strings.Contains(err.Error(), "fine") {
			t.Errorf("%q: got %v, want %s", tt.origin, err, tt.want)
		}
	}
}
