package product

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/build"
	"os/exec"
	"strings"
)

// toolchain is what go env says in the product's folder.
type toolchain struct {
	GOCACHE, GOROOT, GOOS, GOARCH, GOFLAGS, GOWORK string
}

// errNoGo is what a machine without Go is told.
var errNoGo = errors.New("go command not found: building a product needs Go (https://go.dev/dl), " +
	"running one that apiphant build has written doesn't")

func findToolchain(dir string) (toolchain, error) {
	command := exec.Command("go", "env", "-json", "GOCACHE", "GOROOT", "GOOS", "GOARCH", "GOFLAGS", "GOWORK")
	command.Dir = dir
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); errors.Is(err, exec.ErrNotFound) {
		return toolchain{}, errNoGo
	} else if err != nil {
		return toolchain{}, fmt.Errorf("go env: %w\n%s", err, strings.TrimSpace(stderr.String()))
	}
	var found toolchain
	if err := json.Unmarshal(stdout.Bytes(), &found); err != nil {
		return toolchain{}, fmt.Errorf("go env: %w", err)
	}
	return found, nil
}

// buildContext returns what decides which files of a package are compiled.
func (t toolchain) buildContext() build.Context {
	context := build.Default
	context.GOOS, context.GOARCH = t.GOOS, t.GOARCH
	context.CgoEnabled = false
	for flag := range strings.FieldsSeq(t.GOFLAGS) {
		if tags, ok := strings.CutPrefix(strings.TrimLeft(flag, "-"), "tags="); ok {
			context.BuildTags = strings.Split(tags, ",")
		}
	}
	return context
}
