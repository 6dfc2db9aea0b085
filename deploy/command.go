package deploy

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// find returns the path of a program, or "" if it is not installed. It also looks
// into the sbin folders, which the PATH of users other than root often lacks.
func find(program string) string {
	if path, err := exec.LookPath(program); err == nil {
		return path
	}
	for _, folder := range []string{"/usr/sbin", "/sbin", "/usr/local/sbin"} {
		if path, err := exec.LookPath(filepath.Join(folder, program)); err == nil {
			return path
		}
	}
	return ""
}

// run runs a program and returns its output. The error of a program that failed
// includes the last lines of the output.
func run(ctx context.Context, program string, args ...string) (string, error) {
	path := find(program)
	if path == "" {
		return "", fmt.Errorf("%s is not installed", program)
	}
	command := exec.CommandContext(ctx, path, args...)
	command.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive")
	command.WaitDelay = 5 * time.Second
	written, err := command.CombinedOutput()
	said := strings.TrimSpace(string(written))
	switch {
	case err == nil || errors.Is(err, exec.ErrWaitDelay): // a daemon that it started still has the output open
		return said, nil
	case ctx.Err() != nil:
		return said, fmt.Errorf("%s took too long, or was interrupted: %w", program, ctx.Err())
	}
	return said, fmt.Errorf("%s: %w: %s", strings.Join(append([]string{program}, args...), " "), err, lastLines(said, 20))
}

// lastLines returns at most n lines of a text.
func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
