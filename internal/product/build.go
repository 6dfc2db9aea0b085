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
	"time"

	"github.com/apiphant/apiphant/internal/origin"
)

// BuildOptions says how [Product.Build] builds.
type BuildOptions struct {
	// Output is the file to write: stripped, for GOOS and GOARCH, without paths
	// of this machine but those that a go.mod's replace names. A folder gets a
	// file of the product's name. "": a file in Go's build cache, for running it
	// here.
	Output string

	// Version is what the program that is written to Output calls its version. "":
	// what the go command knows of the product's module.
	Version string

	// Progress, if set, is told what is going on once it takes over a second.
	Progress io.Writer
}

// Build compiles the product to one static program and returns its file. It
// doesn't link anew what hasn't changed. Several processes may build the same
// product at once.
//
// What the compiler complains about is the error's text, with files relative to
// the working directory. Build ends early, with the context's error, when ctx
// ends.
func (p *Product) Build(ctx context.Context, options BuildOptions) (binary string, err error) {
	stopProgress := progress(options.Progress, "Building "+p.Name+" …")
	defer stopProgress()
	if options.Output != "" {
		return p.buildOutput(ctx, options.Output, options.Version)
	}

	dir, err := p.cacheDir()
	if err != nil {
		return "", err
	}
	binary = filepath.Join(dir, p.Name+exe(p.tools.GOOS))

	// The go command writes over its output in place, which another process may
	// be about to run: it gets a link to the file, by which it also sees whether
	// there is anything to do, and its result takes the file's place at once.
	private, err := os.MkdirTemp(dir, "build-")
	if err != nil {
		return "", unwritable(err)
	}
	defer os.RemoveAll(private)
	built := filepath.Join(private, filepath.Base(binary))
	_ = os.Link(binary, built) // not there yet, or no links here: then it is linked anew
	if err := p.compile(ctx, dir, built, true); err != nil {
		return "", err
	}
	if same(built, binary) {
		return binary, nil
	}
	return binary, os.Rename(built, binary)
}

// buildOutput builds the program that is given away. Its main has no //line
// directives, which would leave this machine's paths in it; so where it doesn't
// compile, the other one says why.
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
	dir, err := p.cacheDir("output")
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

// compile runs go build, with its files in folder dir.
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
	args := append([]string{"build", "-o", output, "-overlay", overlay, mode, "-buildvcs=false"}, flags...)
	command := exec.CommandContext(ctx, "go", append(args, "./"+main)...)
	command.Dir = p.Dir
	command.Env = append(os.Environ(), p.environment()...)
	if directives { // it runs here, whatever the last one was built for
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

// environment guards the build against settings that a product can't be built
// with, whether by its module or because it must run anywhere.
func (p *Product) environment() []string {
	env := []string{"CGO_ENABLED=0", "GO111MODULE=on", "PWD=" + p.Dir}
	if p.module.workspace == "" {
		env = append(env, "GOWORK=off")
	}
	return env
}

// mainFolder returns the name of a folder that isn't there, in which the
// compiler sees the main.
func (p *Product) mainFolder() string {
	name := "apiphant_main"
	for {
		if _, err := os.Lstat(filepath.Join(p.Dir, name)); err != nil {
			return name
		}
		name += "_"
	}
}

// overlay writes what only the compiler sees to folder dir and returns the file
// that says so.
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

// writeFile writes a file at once, and not at all if it has that content.
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

func isFolder(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// same reports whether both names are one file.
func same(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

func exe(goos string) string {
	if goos == "windows" {
		return ".exe"
	}
	return ""
}

// progress writes a line to w if it isn't stopped within a second.
func progress(w io.Writer, line string) (stop func()) {
	if w == nil {
		return func() {}
	}
	timer := time.AfterFunc(time.Second, func() { fmt.Fprintln(w, line) })
	return func() { timer.Stop() }
}
