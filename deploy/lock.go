package deploy

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// takeLock takes the lock of the product, so that only one deployment at a time changes
// anything. A deployment that goes on is an error, which says how to end it. A finisher is
// waited for, since it ends by itself: see [Deployment.Finish].
func (w *work) takeLock(ctx context.Context) error {
	if w.lock != nil || w.options.DryRun {
		return nil
	}
	for began, said := time.Now(), false; ; {
		var err error
		if w.lock, err = lock(w.HomeDir()); err == nil {
			return nil
		}
		if !errors.Is(err, errLocked) {
			return fmt.Errorf("the lock of %s: %w", w.HomeDir(), err)
		}
		holder, limit := lockHolder(w.HomeDir()), time.Duration(0)
		switch {
		case holder.isFinisher:
			limit = w.finishTime()
		case holder.pid == 0: // it may just have ended
			limit = time.Second
		}
		if time.Since(began) >= limit {
			return fmt.Errorf("another deployment of %s is under way%s", w.Name, holder)
		}
		if holder.isFinisher && !said {
			said = true
			fmt.Fprintf(w.options.Out, "Process %d finishes a deployment that was killed: waiting for its end\n", holder.pid)
		}
		if !pause(ctx, watchEvery) {
			return ctx.Err()
		}
	}
}

// takeLockEarly takes the lock before anything else where the product was deployed before.
// Otherwise there is no folder yet to be locked, or it is somebody else's.
func (w *work) takeLockEarly(ctx context.Context) error {
	if !w.ownsFolder(w.HomeDir()) {
		return nil
	}
	return w.takeLock(ctx)
}

// errLocked is the error of a lock that another process has.
var errLocked = errors.New("it is taken")

// holder is the process that has the lock. The zero one is not known.
type holder struct {
	pid        int
	since      time.Time // the start of the process
	isFrozen   bool      // stopped by a signal
	isFinisher bool
}

// lockHolder returns the process that has the lock of a folder, by Linux's /proc. The lock
// belongs to a deployment, and to its finisher, which inherits it.
func lockHolder(folder string) (found holder) {
	folder, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return holder{}
	}
	descriptors, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, descriptor := range descriptors {
		if link, err := os.Readlink(descriptor); err != nil || link != folder {
			continue
		}
		process, number := filepath.Dir(filepath.Dir(descriptor)), filepath.Base(descriptor)
		info, _ := os.ReadFile(process + "/fdinfo/" + number)
		_, locked, isLocked := strings.Cut(string(info), "FLOCK")
		if !isLocked {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(process))
		now := holder{pid: pid}
		now.since, now.isFrozen = processState(pid)
		taker := strings.Fields(locked) // ADVISORY, WRITE, and the process that took it
		now.isFinisher = len(taker) < 3 || taker[2] != strconv.Itoa(pid)
		if found.pid == 0 || found.isFinisher {
			found = now
		}
	}
	return found
}

// processState returns when a process was started, and whether it is stopped.
func processState(pid int) (started time.Time, isStopped bool) {
	fields := statOf(fmt.Sprintf("/proc/%d", pid))
	if fields == nil {
		return time.Time{}, false
	}
	return startedAt(fields[19]), fields[0] == "T"
}

// String says who has the lock and what to do, as the end of a sentence.
func (h holder) String() string {
	if h.pid == 0 {
		return ": wait until it has ended"
	}
	who := fmt.Sprintf(": process %d, since %s", h.pid, h.since.Format(time.DateTime))
	if h.isFrozen {
		return fmt.Sprintf("%s, which is stopped. Let it go on by kill -CONT %[2]d; or end it by kill -9 %[2]d, and deploy again", who, h.pid)
	}
	return fmt.Sprintf("%s. Wait until it has ended; if it hangs, end it by kill -9 %d, and deploy again", who, h.pid)
}
