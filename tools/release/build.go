package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/mod/module"
)

// target is what a binary runs on.
type target struct{ system, processor string }

func (t target) String() string { return t.system + "/" + t.processor }

var targets = []target{{"linux", "amd64"}, {"linux", "arm64"}, {"darwin", "amd64"}, {"darwin", "arm64"}}

var commands = []string{"apiphant", "apiphant-background"}

// builder builds the commands of a source.
type builder struct {
	source    source
	folder    string // a temporary one
	goCommand string
	goVersion string
	proxies   string // where the go command takes modules from
}

// newBuilder finds the toolchain, which the go command downloads if need be, and
// writes the module proxy.
func newBuilder(ctx context.Context, source source, folder, toolchain string) (*builder, error) {
	env := exec.CommandContext(ctx, "go", "env", "GOROOT", "GOVERSION", "GOMODCACHE", "GOPROXY")
	env.Env = append(os.Environ(), "GOTOOLCHAIN="+toolchain)
	said, err := env.Output()
	lines := strings.Split(string(said), "\n")
	if err != nil || len(lines) < 4 {
		return nil, fmt.Errorf("go env, with GOTOOLCHAIN=%s: %w", toolchain, err)
	}
	b := &builder{source: source, folder: folder, goCommand: filepath.Join(lines[0], "bin", "go"), goVersion: lines[1]}
	own := filepath.Join(folder, "proxy")
	b.proxies = fmt.Sprintf("file://%s,file://%s,%s", own, filepath.Join(lines[2], "cache", "download"), lines[3])
	return b, source.writeProxy(ctx, own)
}

func (b *builder) moduleCache() string { return filepath.Join(b.folder, "modules") }

// moduleFolder is the source that the commands were built from.
func (b *builder) moduleFolder() string {
	return filepath.Join(b.moduleCache(), modulePath+"@"+b.source.version)
}

// build runs what a user runs, go install COMMAND@VERSION. Its module cache is its
// own, so that a version that was not published stays out of the user's.
func (b *builder) build(ctx context.Context, target target) (binaries []string, err error) {
	args := []string{"install", "-trimpath", "-ldflags=-s -w -X " + modulePath + "/internal/cli.commit=" + b.source.commit}
	path := filepath.Join(b.folder, "path")
	for _, command := range commands {
		args = append(args, modulePath+"/cmd/"+command+"@"+b.source.version)
	}
	install := exec.CommandContext(ctx, b.goCommand, args...)
	install.Dir = b.folder // there is no go.mod
	install.Env = append(os.Environ(), "GOTOOLCHAIN=local", "GOPATH="+path, "GOBIN=", "GOMODCACHE="+b.moduleCache(),
		"GOPROXY="+b.proxies, "GONOSUMDB="+modulePath, "GONOPROXY=none", "GOPRIVATE=", "GOFLAGS=-modcacherw", "GOWORK=off",
		"GOOS="+target.system, "GOARCH="+target.processor, "GOAMD64=v1", "GOARM64=v8.0", "CGO_ENABLED=0", "GOEXPERIMENT=")
	if said, err := install.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go install: %w\n%s", err, bytes.TrimSpace(said))
	}
	for _, command := range commands {
		built, _ := filepath.Glob(filepath.Join(path, "bin", target.system+"_"+target.processor, command))
		if len(built) == 0 { // this machine's own system has no folder
			built = []string{filepath.Join(path, "bin", command)}
		}
		binaries = append(binaries, built[0])
	}
	return binaries, nil
}

// readInfo returns what the go command has written into the binaries, with the
// modules of all of them.
func readInfo(binaries []string) (*buildinfo.BuildInfo, error) {
	var whole *buildinfo.BuildInfo
	seen := map[string]bool{}
	for _, binary := range binaries {
		info, err := buildinfo.ReadFile(binary)
		if err != nil {
			return nil, err
		}
		deps := info.Deps
		if whole == nil {
			whole, info.Deps = info, nil
		}
		for _, dep := range deps {
			if !seen[dep.Path] {
				seen[dep.Path] = true
				whole.Deps = append(whole.Deps, dep)
			}
		}
	}
	return whole, nil
}

// licenses returns the licences of Go and of all linked modules, most of which require
// that a binary comes with them.
func (b *builder) licenses(info *buildinfo.BuildInfo) ([]byte, error) {
	own, err := os.ReadFile(filepath.Join(filepath.Dir(filepath.Dir(b.goCommand)), "LICENSE"))
	if err != nil {
		return nil, err
	}
	var all bytes.Buffer
	fmt.Fprintf(&all, "==== Go %s: LICENSE\n\n%s\n\n", b.goVersion, bytes.TrimSpace(own))
	for _, dep := range info.Deps {
		path, err := module.EscapePath(dep.Path)
		if err != nil {
			return nil, err
		}
		var found []string
		for _, pattern := range []string{"LICEN[CS]E*", "COPYING*", "NOTICE*", "PATENTS*"} {
			names, _ := filepath.Glob(filepath.Join(b.moduleCache(), filepath.FromSlash(path)+"@"+dep.Version, pattern))
			found = append(found, names...)
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("%s %s has no licence in its folder", dep.Path, dep.Version)
		}
		for _, name := range found {
			content, err := os.ReadFile(name)
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(&all, "==== %s %s: %s\n\n%s\n\n", dep.Path, dep.Version, filepath.Base(name), bytes.TrimSpace(content))
		}
	}
	return all.Bytes(), nil
}
