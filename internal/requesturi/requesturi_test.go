package requesturi_test

import (
	"testing"

	"github.com/apiphant/apiphant/internal/requesturi"
)

func TestSplit(t *testing.T) {
	for _, test := range []struct{ target, path, query string }{
		{"/api/v0/echo/read", "/api/v0/echo/read", ""},
		{"/a?b=c", "/a", "b=c"},
		{"/a?", "/a", ""},
		{"/a?b?c", "/a", "b?c"},
		{"/a%3Fb", "/a%3Fb", ""},
		{"/a//b/../c", "/a//b/../c", ""},
		{"http://example.com/a?b", "/a", "b"},
		{"http://example.com", "http://example.com", ""},
		{"/?http://example.com/a", "/", "http://example.com/a"},
		{"*", "*", ""},
		{"", "", ""},
	} {
		path, query := requesturi.Split([]byte(test.target))
		if string(path) != test.path || string(query) != test.query {
			t.Errorf("%q: got %q and %q, want %q and %q", test.target, path, query, test.path, test.query)
		}
	}
}
