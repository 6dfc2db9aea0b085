package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/apiphant/apiphant/bench/message"
)

// lab is the environment of all parts: the built programs, the cores, and the amount
// to measure.
type lab struct {
	short  bool
	soak   time.Duration
	out    io.Writer // progress
	folder string    // programs and temporary files

	serverCore, loadCore int

	mu      sync.Mutex
	servers []*server
	scripts map[string]string // for wrk, by their body
}

func newLab(ctx context.Context, short bool, soak time.Duration, out io.Writer) (*lab, error) {
	if runtime.NumCPU() < 2 {
		return nil, errors.New("this machine has one core: the load needs one of its own")
	}
	if _, err := exec.LookPath("wrk"); err != nil {
		return nil, errors.New("wrk is needed, which Debian has as a package of that name")
	}
	l := &lab{short: short, soak: soak, out: out, loadCore: runtime.NumCPU() - 1, scripts: map[string]string{}}
	var err error
	if l.folder, err = os.MkdirTemp("", "bench-"); err != nil {
		return nil, err
	}
	if !sharesBySession() {
		l.say("sched_autogroup_enabled is off: of two servers on a core, the one with more threads gets more of it")
	}
	l.say("building the servers …")
	if _, err := command(ctx, "go", "build", "-tags", "lambda.norpc", "-o", l.folder, "./peers/..."); err != nil {
		l.close()
		return nil, err
	}
	if _, err := command(ctx, "go", "run", "github.com/apiphant/apiphant/cmd/apiphant", "build", "product", "-o", l.file("product")); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

// sharesBySession reports whether the kernel divides a core between sessions instead
// of threads: see sched(7).
func sharesBySession() bool {
	text, err := os.ReadFile("/proc/sys/kernel/sched_autogroup_enabled")
	return err == nil && strings.TrimSpace(string(text)) == "1"
}

func (l *lab) file(name string) string { return filepath.Join(l.folder, name) }

func (l *lab) say(format string, args ...any) {
	fmt.Fprintf(l.out, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

// stopAll ends every process.
func (l *lab) stopAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.servers {
		s.stop()
	}
	l.servers = nil
}

// close ends every process and removes every file.
func (l *lab) close() {
	l.stopAll()
	_ = os.RemoveAll(l.folder)
}

// pick returns full, or short with -short.
func pick[T any](l *lab, full, short T) T {
	if l.short {
		return short
	}
	return full
}

// body is the body of a request.
type body struct {
	name string
	text string
}

// bodies returns the bodies of the bars.
func bodies() []body {
	return []body{{"17 B", message.Small()}, {"1 KB", message.Nested()}, {"100 KB", message.List(100_000)}}
}

// command runs a program and returns its output.
func command(ctx context.Context, name string, args ...string) (string, error) {
	program := exec.CommandContext(ctx, name, args...)
	var stdout, stderr bytes.Buffer
	program.Stdout, program.Stderr = &stdout, &stderr
	if err := program.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, bytes.TrimSpace(stderr.Bytes()))
	}
	return stdout.String(), nil
}
