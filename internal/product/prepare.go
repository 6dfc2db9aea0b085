package product

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/apiphant/apiphant/internal/origin"
)

// Prepare writes two programs into a folder of the product, which needs no Go
// then: its own, under the name, and the command apiphant, as its module has it.
func (p *Product) Prepare(ctx context.Context, folder, name string) (written []string, err error) {
	folder = filepath.Join(p.Dir, folder)
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return nil, err
	}
	program, err := p.Build(ctx, BuildOptions{Output: filepath.Join(folder, name)})
	if err != nil {
		return nil, err
	}
	apiphant := filepath.Join(folder, "apiphant")
	if !p.module.own {
		return nil, fmt.Errorf("%s has no go.mod, and so no apiphant of a certain version: run\n\n%s", shortPath(p.Dir), p.module.commands("go mod init "+p.module.path, requireCommand()))
	}
	command := exec.CommandContext(ctx, "go", "build", "-o", apiphant, "-buildvcs=false", "-ldflags=-s -w", origin.Command)
	command.Dir = p.Dir
	command.Env = append(os.Environ(), p.environment()...)
	if out, err := command.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build %s: %w\n%s", origin.Command, err, strings.TrimSpace(string(out)))
	}
	return []string{shortPath(program), shortPath(apiphant)}, nil
}
