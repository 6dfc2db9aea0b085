package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// lab is the environment of the scenarios: the built product, and the processes that
// serve it.
type lab struct {
	short  bool
	out    io.Writer
	root   string // of the checkout
	folder string // temporary files
	binary string // the product

	mu        sync.Mutex
	processes []*process
}

// newLab builds the product with the apiphant command.
func newLab(ctx context.Context, short bool, out io.Writer) (*lab, error) {
	l := &lab{short: short, out: out}
	root, err := command(ctx, "", "go", "list", "-m", "-f", "{{.Dir}}")
	if err != nil {
		return nil, err
	}
	l.root = strings.TrimSpace(root)
	if l.folder, err = os.MkdirTemp("", "reliability-"); err != nil {
		return nil, err
	}
	l.binary = filepath.Join(l.folder, "product")
	l.say("Building reliability/product …")
	if _, err := command(ctx, l.root, "go", "run", "./cmd/apiphant", "build", "reliability/product", "-o", l.binary); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

// close ends every process and removes every file.
func (l *lab) close() {
	l.stopAll()
	_ = os.RemoveAll(l.folder)
}

func (l *lab) say(format string, args ...any) { fmt.Fprintf(l.out, format+"\n", args...) }

// pick returns full, or short with -short.
func pick[T any](l *lab, full, short T) T {
	if l.short {
		return short
	}
	return full
}

// command runs a program and returns its standard output.
func command(ctx context.Context, dir, name string, args ...string) (string, error) {
	program := exec.CommandContext(ctx, name, args...)
	program.Dir = dir
	var stdout, stderr bytes.Buffer
	program.Stdout, program.Stderr = &stdout, &stderr
	if err := program.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, bytes.TrimSpace(stderr.Bytes()))
	}
	return stdout.String(), nil
}
