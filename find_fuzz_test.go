package apiphant_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/apiphant/apiphant"
)

var fuzzedPatterns = []string{
	"GET /items/{x}", "GET /items/new", "GET /items/{x}/parts/{y}", "PUT /items/{x}", "POST /items/new/{y}",
	"GET /files/{x...}", "GET /files/{$}", "GET /below/", "GET /one/{x}/{y}", "DELETE /{x...}",
}

// FuzzFind asks for arbitrary targets. What net/http's ServeMux does not redirect,
// it answers as Find does: its patterns are the same.
func FuzzFind(f *testing.F) {
	api := &apiphant.API{}
	mux := http.NewServeMux()
	for i, pattern := range fuzzedPatterns {
		answer := func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "%s %q %q", pattern, r.PathValue("x"), r.PathValue("y"))
		}
		mux.HandleFunc(pattern, answer)
		api.Handle(fmt.Sprintf("v0/t%d", i), apiphant.Actions{Read: apiphant.Raw(answer)})
		api.Address(pattern, fmt.Sprintf("v0/t%d/read", i))
	}
	if err := api.Check(); err != nil {
		f.Fatal(err)
	}
	for _, target := range []string{
		"/items/7", "/items/new?q=1", "/items/a%2Fb/parts/%20", "/items//", "/files/", "/files/a/b", "/below", "/below/x/", "/a/b/c", "/", "//", "/%",
		"/items/%2e%2e", "/items/../files/a", "http://test/items/7", "/items/%00", "/items/\xff", "*", "", "/api/v0/t0/read",
	} {
		for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "get"} {
			f.Add(method, target)
		}
	}
	f.Fuzz(func(t *testing.T, method, target string) {
		ours := newMemory(method, nil, "")
		match := api.Find([]byte(method), []byte(target))
		api.Serve(context.Background(), match, ours)
		if match.Refused() != (ours.answer.Code >= 400 || ours.answer.Code == http.StatusNoContent) {
			t.Errorf("Refused is %t, the answer is %d", match.Refused(), ours.answer.Code)
		}
		address, err := url.ParseRequestURI(target)
		if err != nil || strings.HasPrefix(address.Path, "/api/") || address.Path == "" || address.Host != "" || method == "CONNECT" {
			return // net/http's server would have refused it, or it asks for a route
		}
		theirs := httptest.NewRecorder()
		mux.ServeHTTP(theirs, &http.Request{Method: method, URL: address})
		switch {
		case address.Path == "/below": // which net/http takes for /below/, in Allow
		case theirs.Code/100 == 3, strings.Contains(address.EscapedPath(), "%"): // see TestAddresses
		case theirs.Code == http.StatusMethodNotAllowed && method == http.MethodOptions: // which is answered here
			if ours.answer.Code != http.StatusNoContent {
				t.Errorf("OPTIONS %q: got %d", target, ours.answer.Code)
			}
		case theirs.Code != ours.answer.Code, theirs.Header().Get("Allow") != withoutOptions(ours.answer.Header().Get("Allow")):
			t.Errorf("%s %q: got %d %s, net/http has %d %s", method, target, ours.answer.Code, ours.answer.Header(), theirs.Code, theirs.Header())
		case theirs.Code == http.StatusOK && theirs.Body.String() != ours.answer.Body.String():
			t.Errorf("%s %q: got %s, net/http has %s", method, target, ours.answer.Body, theirs.Body)
		}
	})
}

// withoutOptions returns an Allow without the method that net/http does not answer.
func withoutOptions(allow string) string {
	methods := strings.Split(allow, ", ")
	return strings.Join(slices.DeleteFunc(methods, func(method string) bool { return method == http.MethodOptions }), ", ")
}
