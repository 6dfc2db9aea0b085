package product_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apiphant/apiphant/internal/product"
)

// TestBuildCache: where there is no build cache, or none that can be written, the
// error says what to set, and nothing is left where one stands or in the product.
func TestBuildCache(t *testing.T) {
	dir := newProduct(t)
	here := t.TempDir()
	file := filepath.Join(here, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, cache, want string }{
		{"none", "", "GOCACHE is not defined and neither $XDG_CACHE_HOME nor $HOME are defined"},
		{"off", "off", "build cache is disabled by GOCACHE=off"},
		{"not writable", filepath.Join(file, "cache"), "set GOCACHE to a folder that can be"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for name, value := range map[string]string{"HOME": "", "XDG_CACHE_HOME": "", "GOENV": "off", "GOCACHE": tt.cache} {
				t.Setenv(name, value)
			}
			t.Chdir(here)
			before := append(list(t, here), list(t, dir)...)
			p, err := product.Load(dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, options := range []product.BuildOptions{{}, {Output: filepath.Join(here, "out")}} {
				if _, err := p.Build(t.Context(), options); err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got %v, want %q", err, tt.want)
				}
			}
			if after := append(list(t, here), list(t, dir)...); len(after) != len(before) {
				t.Errorf("%q is left of %q", after, before)
			}
		})
	}
}
