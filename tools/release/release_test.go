package main

import (
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

var at = time.Date(2026, 11, 28, 1, 2, 3, 0, time.UTC)

func TestVersionOf(t *testing.T) {
	const commit = "0123456789abcdef0123456789abcdef01234567"
	for _, tt := range []struct {
		tags []string
		want string
	}{
		{nil, "v0.0.0-20261128010203-0123456789ab"},
		{[]string{"nightly", "1.0.0", "v1"}, "v0.0.0-20261128010203-0123456789ab"},
		{[]string{"v0.9.0", "v0.10.0", "v0.10.0-rc.1"}, "v0.10.0"},
	} {
		if got := versionOf(tt.tags, commit, at); got != tt.want {
			t.Errorf("tags %q: got %s, want %s", tt.tags, got, tt.want)
		}
	}
}

// TestArchive: neither the time, the user nor the umask is in an archive, and
// sha256sum accepts the checksums.
func TestArchive(t *testing.T) {
	folder, from := t.TempDir(), filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(from, []byte("#!/bin/sh\necho hello\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	files := []file{{name: "program", from: from, mode: 0o755}, {name: "LICENSE", content: []byte("free\n"), mode: 0o644}}
	var archives [2][]byte
	for i := range archives {
		name := filepath.Join(folder, "a.tar.gz")
		if err := writeArchive(name, "a", files, at); err != nil {
			t.Fatal(err)
		}
		archives[i], _ = os.ReadFile(name)
		later := time.Now().Add(time.Hour)
		if err := os.Chtimes(from, later, later); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(archives[0], archives[1]) {
		t.Error("the same files make another archive")
	}
	if err := writeChecksums(folder); err != nil {
		t.Fatal(err)
	}
	for _, words := range []string{
		"tar -xzf a.tar.gz && a/program", "TZ=UTC tar -tvzf a.tar.gz", "sha256sum -c SHA256SUMS",
	} {
		command := exec.Command("sh", "-c", words)
		command.Dir = folder
		said, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", words, err, said)
		}
		if strings.HasPrefix(words, "TZ") && !strings.Contains(string(said), "-rwxr-xr-x 0/0") {
			t.Errorf("the archive has\n%s", said)
		}
	}
}

func TestBOM(t *testing.T) {
	info := &buildinfo.BuildInfo{GoVersion: "go1.26.11", Main: debug.Module{Path: modulePath, Sum: "h1:x"}, Deps: []*debug.Module{{Path: "example.com/a", Version: "v1.0.0", Sum: "h1:y"}}}
	written, err := json.Marshal(newBOM(source{version: "v0.1.0", commit: "abc", time: at}, target{"linux", "arm64"}, info))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"timestamp":"2026-11-28T01:02:03Z"`, `"purl":"pkg:golang/` + modulePath + `@v0.1.0?goos=linux\u0026goarch=arm64"`, `{"name":"vcs.revision","value":"abc"}`,
		`"purl":"pkg:golang/std@1.26.11"`, `"purl":"pkg:golang/example.com/a@v1.0.0","properties":[{"name":"go.sum","value":"h1:y"}]`,
	} {
		if !strings.Contains(string(written), want) {
			t.Errorf("%s\nwant in it: %s", written, want)
		}
	}
}
