package product

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// cacheDir returns the folder in Go's build cache for this product, this
// platform, and other things that its files depend on. It is made if need be,
// and those that were not used for a month are removed.
func (p *Product) cacheDir(elements ...string) (string, error) {
	if !filepath.IsAbs(p.tools.GOCACHE) { // "off": there is none
		return "", p.noCache()
	}
	all := filepath.Join(p.tools.GOCACHE, "apiphant")
	key := append([]string{p.Dir, p.tools.GOOS, p.tools.GOARCH, p.tools.GOFLAGS}, elements...)
	sum := sha256.Sum256([]byte(strings.Join(key, "\x00")))
	dir := filepath.Join(all, fmt.Sprintf("%x", sum[:12]))
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", unwritable(err)
	}
	now := time.Now()
	_ = os.Chtimes(dir, now, now) // else it is built anew in a month
	entries, _ := os.ReadDir(all)
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && now.Sub(info.ModTime()) > 30*24*time.Hour {
			_ = os.RemoveAll(filepath.Join(all, entry.Name()))
		}
	}
	return dir, nil
}

// noCache returns the go command's own words about a build cache that is not there:
// it knows which of its settings is to blame.
func (p *Product) noCache() error {
	command := exec.Command("go", "list", "-export", "-f", "{{.Name}}", "errors") // needs the cache, and nothing else
	command.Dir = p.Dir
	var stderr bytes.Buffer
	command.Stderr = &stderr
	_ = command.Run()
	words, _, _ := strings.Cut(strings.TrimSpace(stderr.String()), "\n")
	return errors.New(cmp.Or(words, "there is no build cache: GOCACHE is "+p.tools.GOCACHE))
}

// unwritable says of a build cache that can't be written what to do.
func unwritable(err error) error {
	return fmt.Errorf("the build cache can't be written: %w: set GOCACHE to a folder that can be", err)
}
