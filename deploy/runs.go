package deploy

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A deployment that was interrupted leaves processes behind that run another release, or
// the same with other arguments. So what runs is looked at, not what was to be started.

// runs reports whether a program's process runs a release, with the arguments that the
// program has now.
func (w *work) runs(ctx context.Context, program Program, release string) bool {
	pid := w.manager.pid(ctx, program)
	return pid != 0 && w.isOf(pid, release) && hasArguments(pid, program)
}

// runsOther reports whether a program has a process that runs another release.
func (w *work) runsOther(ctx context.Context, program Program, release string) bool {
	pid := w.manager.pid(ctx, program)
	return pid != 0 && !w.isOf(pid, release)
}

// isOf reports whether a process runs a release. On systems without /proc it is taken for
// granted.
func (d *Deployment) isOf(pid int, release string) bool {
	executable, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	if err != nil {
		return !exists("/proc/self/exe")
	}
	folder, err := filepath.EvalSymlinks(release)
	return err == nil && executable == filepath.Join(folder, d.Name)
}

// hasArguments reports whether a process was started with the arguments that a program
// has now.
func hasArguments(pid int, program Program) bool {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return !exists("/proc/self/exe")
	}
	have := strings.Split(string(bytes.TrimSuffix(line, []byte{0})), "\x00")
	return slices.Equal(have[1:], strings.Fields(program.Command)[1:])
}

// runsAll reports whether every program's process runs a release.
func (w *work) runsAll(ctx context.Context, release string) bool {
	return !slices.ContainsFunc(w.Programs(), func(program Program) bool { return !w.runs(ctx, program, release) })
}
