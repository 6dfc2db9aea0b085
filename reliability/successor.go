package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func restartBySuccessor(ctx context.Context, lab *lab) ([]row, error) {
	deployed := filepath.Join(lab.folder, "deployed")
	if err := replace(deployed, lab.binary); err != nil {
		return nil, err
	}
	p, err := lab.serveBinary(ctx, deployed, "127.0.0.1:0", nil)
	if err != nil {
		return nil, err
	}
	tally, err := under(ctx, p.address, restartTimes, func(int) error {
		if err := succeed(ctx, lab, deployed); err != nil {
			return fmt.Errorf("%w; its log ends with %q", err, lastLine(p.log()))
		}
		return nil
	})
	return lossless(fmt.Sprintf("SIGHUP, %d times", restartTimes), tally), err
}

// succeed replaces the file, sends SIGHUP to the process that runs it, and waits until
// only another process runs it.
func succeed(ctx context.Context, lab *lab, deployed string) error {
	if err := replace(deployed, lab.binary); err != nil {
		return err
	}
	old, err := lab.onlyProcess()
	if err != nil {
		return err
	}
	if err := hangUp(old); err != nil {
		return err
	}
	return await(ctx, newProcess, func() error {
		switch now, err := lab.onlyProcess(); {
		case err != nil:
			return err
		case now == old:
			return errors.New("after SIGHUP the old process goes on alone")
		}
		return nil
	})
}

// hangUp sends SIGHUP to any process.
func hangUp(pid int) error {
	process, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	defer process.Release()
	return process.Signal(syscall.SIGHUP)
}

// replace replaces a file by a copy of a program, by renaming, as a deployment does.
func replace(file, program string) error {
	content, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file+".new", content, 0o755); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

func restartInVain(ctx context.Context, lab *lab) ([]row, error) {
	deployed := filepath.Join(lab.folder, "broken")
	if err := replace(deployed, lab.binary); err != nil {
		return nil, err
	}
	p, err := lab.serveBinary(ctx, deployed, "127.0.0.1:0", nil)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(deployed+".bad", []byte("#!/bin/sh\necho this version is broken >&2\nexit 1\n"), 0o755); err != nil {
		return nil, err
	}
	old := 0
	tally, err := under(ctx, p.address, 1, func(int) (err error) {
		if old, err = lab.onlyProcess(); err != nil {
			return err
		}
		if err := os.Rename(deployed+".bad", deployed); err != nil {
			return err
		}
		if err := hangUp(old); err != nil {
			return err
		}
		return await(ctx, newProcess, func() error { // the log has the new process's output, or the old one's report of it
			if !strings.Contains(p.log(), "this version is broken") {
				return errors.New("the broken version was not started")
			}
			return nil
		})
	})
	rows := lossless("a successor that ends at once", tally)
	if err != nil {
		return rows, err
	}
	stays := happened("the old process goes on serving", nil)
	if now, err := lab.onlyProcess(); err != nil || now != old {
		stays = happened(stays.what, fmt.Errorf("process %d in place of %d: %w", now, old, err))
	}
	return append(rows, stays, happened("and hands over to the next that works", succeed(ctx, lab, deployed))), nil
}

// onlyProcess returns the id of the one process that runs a program of the lab's folder.
func (l *lab) onlyProcess() (int, error) {
	all := l.descendants()
	for range 5 { // /proc was read while one process ended and another began
		if len(all) > 0 {
			break
		}
		time.Sleep(50 * time.Millisecond)
		all = l.descendants()
	}
	switch {
	case len(all) == 0:
		return 0, permanent{errors.New("no process runs the product any more")}
	case len(all) > 1:
		return 0, fmt.Errorf("%d processes run the product", len(all))
	}
	return all[0], nil
}

// descendants returns the processes that run a program of the lab's folder, also if
// the process that started them has ended.
func (l *lab) descendants() (pids []int) {
	links, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, link := range links {
		program, err := os.Readlink(link)
		if err != nil || !strings.HasPrefix(program, l.folder+string(filepath.Separator)) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(link))); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

func lastLine(log string) string {
	lines := strings.Split(strings.TrimSpace(log), "\n")
	return lines[len(lines)-1]
}
