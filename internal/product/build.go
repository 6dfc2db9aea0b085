package product

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/apiphant/apiphant/internal/origin"
)

// BuildOptions are the settings of [Product.Build].
type BuildOptions struct {
	// Output is the file to write, or a folder, in which the file has the
	// product's name. The program is for GOOS and GOARCH. It has no debugging
	// information, and of this machine's paths only those in the go.mod's
	// replace lines. "": a file in Go's build cache, for this machine.
	Output string

	// Lambda makes the program one that AWS Lambda can start, too. It has the door
	// [github.com/apiphant/apiphant/program/lambda], which no other program has.
	Lambda bool

	// Version is the version that the program in Output reports. "": the version
	// that the go command finds for the product's module.
	Version string

	// Progress gets a line if the build takes more than a second; nil: nothing.
	Progress io.Writer
}

// Build compiles the product to one static program and returns the path of its file.
// If nothing has changed, it does not link again. Several processes may build the same
// product at the same time.
//
// The text of an error is the compiler's, with paths relative to the working
// directory. If ctx ends, Build returns its error.
func (p *Product) Build(ctx context.Context, options BuildOptions) (binary string, err error) {
	stopProgress := progress(options.Progress, "Building "+p.Name+" …")
	defer stopProgress()
	if options.Lambda {
		p = p.withLambda()
	}
	if options.Output != "" {
		return p.buildOutput(ctx, options.Output, options.Version)
	}

	dir, err := p.cacheDir(p.tags()...)
	if err != nil {
		return "", err
	}
	binary = filepath.Join(dir, p.Name+exe(p.tools.GOOS))

	// The go command overwrites its output file in place, while another process
	// may be about to run it. So it writes to a path of its own, which is renamed
	// afterwards. That path is first linked to the present file, so that the go
	// command can see that nothing has changed.
	private, err := os.MkdirTemp(dir, "build-")
	if err != nil {
		return "", unwritable(err)
	}
	defer os.RemoveAll(private)
	built := filepath.Join(private, filepath.Base(binary))
	_ = os.Link(binary, built) // if that fails, the program is linked again
	if err := p.compile(ctx, dir, built, true); err != nil {
		return "", err
	}
	if same(built, binary) {
		return binary, nil
	}
	return binary, os.Rename(built, binary)
}

// withLambda returns the product as one whose program AWS Lambda can start.
func (p *Product) withLambda() *Product {
	made := *p
	made.forLambda = true
	return &made
}

// tags returns the build tags that the program needs. lambda.norpc leaves the library
// net/rpc out, which aws-lambda-go needs for a runtime that AWS has retired.
func (p *Product) tags() []string {
	if p.forLambda {
		return []string{"lambda.norpc"}
	}
	return nil
}

// tagFlags returns the flags of go build for the tags. One replaces those of GOFLAGS.
func (p *Product) tagFlags() []string {
	tags := p.tags()
	if len(tags) == 0 {
		return nil
	}
	return []string{"-tags=" + strings.Join(append(tags, p.tools.buildContext().BuildTags...), ",")}
}

// buildOutput builds a program for other machines. Its main has no //line directives,
// since they would put paths of this machine into the program. After a failure the
// product is compiled with them, so that the error names the user's files.
func (p *Product) buildOutput(ctx context.Context, output, version string) (string, error) {
	output, err := filepath.Abs(output)
	if err != nil {
		return "", err
	}
	if isFolder(output) {
		output = filepath.Join(output, p.Name+exe(p.tools.GOOS))
	}
	if isFolder(output) { // go build would write into it
		return "", fmt.Errorf("%s is a folder: say which file to write, with -o FILE", shortPath(output))
	}
	dir, err := p.cacheDir(append(p.tags(), "output")...)
	if err != nil {
		return "", err
	}
	link := "-ldflags=-s -w"
	if version != "" {
		link += " -X " + origin.Path + "/internal/command.packaged=" + version
	}
	if err := p.compile(ctx, dir, output, false, "-trimpath", link); err != nil {
		if _, better := p.Build(ctx, BuildOptions{}); better != nil {
			err = better
		}
		return "", err
	}
	return output, nil
}

// compile runs go build. It writes the generated files to folder dir.
func (p *Product) compile(ctx context.Context, dir, output string, directives bool, flags ...string) error {
	main := p.mainFolder()
	overlay, err := p.overlay(dir, main, directives)
	if err != nil {
		return err
	}
	mode := "-mod=readonly"
	if p.module.vendored {
		mode = "-mod=vendor"
	}
	args := append([]string{"build", "-o", output, "-overlay", overlay, mode, "-buildvcs=false"}, slices.Concat(p.tagFlags(), flags)...)
	command := exec.CommandContext(ctx, "go", append(args, "./"+main)...)
	command.Dir = p.Dir
	command.Env = append(os.Environ(), p.environment()...)
	if directives { // the program is for this machine, whatever GOOS and GOARCH say
		command.Env = append(command.Env, "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)
	}
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 5 * time.Second
	var messages bytes.Buffer
	command.Stdout, command.Stderr = &messages, &messages
	switch err := command.Run(); {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, exec.ErrNotFound):
		return errNoGo
	case messages.Len() == 0:
		return fmt.Errorf("go build: %w", err)
	}
	return errors.New(p.explain(messages.String(), main))
}

// environment returns the variables that override the user's settings for go build:
// the program must be static, and a product without a workspace must not be built in
// one that is in a folder above it.
func (p *Product) environment() []string {
	env := []string{"CGO_ENABLED=0", "GO111MODULE=on", "PWD=" + p.Dir}
	if p.module.workspace == "" {
		env = append(env, "GOWORK=off")
	}
	return env
}

// mainFolder returns the name of the folder of the generated main. The folder does not
// exist on disk; it is only in the compiler's overlay.
func (p *Product) mainFolder() string {
	name := "apiphant_main"
	for {
		if _, err := os.Lstat(filepath.Join(p.Dir, name)); err != nil {
			return name
		}
		name += "_"
	}
}

// overlay writes the files that exist only for the compiler to folder dir. It returns
// the file for go build's flag -overlay, which maps them to their paths.
func (p *Product) overlay(dir, main string, directives bool) (string, error) {
	files := map[string][]byte{filepath.Join(p.Dir, main, "main.go"): p.source(directives)}
	if !p.module.own {
		from, err := origin.Find()
		if err != nil {
			return "", err
		}
		goMod, goSum, err := from.ModuleFiles(p.module.path)
		if err != nil {
			return "", err
		}
		files[filepath.Join(p.Dir, "go.mod")] = goMod
		files[filepath.Join(p.Dir, "go.sum")] = goSum
	}

	var overlay struct{ Replace map[string]string }
	overlay.Replace = map[string]string{}
	for seen, content := range files {
		file := filepath.Join(dir, filepath.Base(seen))
		if err := writeFile(file, content); err != nil {
			return "", err
		}
		overlay.Replace[seen] = file
	}
	content, err := json.MarshalIndent(overlay, "", "\t")
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "overlay.json")
	return file, writeFile(file, content)
}

// writeFile replaces a file atomically. If the file has the content already, it is left
// alone, so that its time does not change.
func writeFile(name string, content []byte) error {
	if have, err := os.ReadFile(name); err == nil && bytes.Equal(have, content) {
		return nil
	}
	temp, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+"-")
	if err != nil {
		return unwritable(err)
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(content)
	if err := errors.Join(err, temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), name)
}

// isFolder reports whether name is a folder.
func isFolder(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// same reports whether two paths lead to the same file.
func same(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// exe returns the ending of the names of programs.
func exe(goos string) string {
	if goos == "windows" {
		return ".exe"
	}
	return ""
}

// progress writes a line to w after a second, unless stop is called before.
func progress(w io.Writer, line string) (stop func()) {
	if w == nil {
		return func() {}
	}
	timer := time.AfterFunc(time.Second, func() { fmt.Fprintln(w, line) })
	return func() { timer.Stop() }
}
