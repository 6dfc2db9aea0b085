package deploy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"
)

// reload lets nginx load its configuration, and returns when it has: nginx -s reload
// itself succeeds also where a port can't be bound, and then the old workers go on.
func (n nginx) reload(ctx context.Context) error {
	all, err := n.command(ctx, "-T")
	if err != nil {
		return err
	}
	log := openErrorLog(all)
	defer log.Close()
	before := n.workers()
	if _, err := n.command(ctx, "-s", "reload"); err != nil {
		return err
	}
	var complaints []string
	loaded := waitUntil(ctx, startTimeout, func() bool {
		complaints = append(complaints, log.complaints()...)
		return n.hasReplaced(before) || given(complaints)
	})
	switch {
	case loaded && !given(complaints):
		return nil
	case len(complaints) > 0:
		return fmt.Errorf("nginx can't load its configuration, and goes on with the one before: %s", strings.Join(slices.Compact(complaints), "; "))
	case ctx.Err() == nil:
		return fmt.Errorf("nginx has not loaded its configuration after %s: its error log says why", startTimeout)
	}
	return ctx.Err()
}

// hasReplaced reports whether nginx has new workers, and has told those of before to
// end: for a moment both answer.
func (n nginx) hasReplaced(before map[int]time.Time) bool {
	now := n.workers()
	for pid := range now {
		if _, old := before[pid]; old {
			return false
		}
	}
	return len(now) > 0
}

// given reports whether nginx has given up. It tries to bind a port several times.
func given(complaints []string) bool {
	return slices.ContainsFunc(complaints, func(line string) bool { return !strings.HasPrefix(line, "bind() ") })
}

// start starts nginx, and returns when its master process is there.
func (n nginx) start(ctx context.Context) error {
	all, err := n.command(ctx, "-T")
	if err != nil {
		return err
	}
	log := openErrorLog(all)
	defer log.Close()
	if n.Root == "" && find("service") != "" {
		_, err = run(ctx, "service", "nginx", "start")
	} else {
		_, err = n.command(ctx)
	}
	if err == nil && !waitUntil(ctx, startTimeout, func() bool { return n.master() != 0 }) {
		err = fmt.Errorf("there is no process of it after %s", startTimeout)
	}
	if err == nil {
		return nil
	}
	if complaints := slices.Compact(log.complaints()); len(complaints) > 0 {
		err = errors.New(strings.Join(complaints, "; "))
	}
	return fmt.Errorf("nginx could not be started: %w", err)
}

// errorLog is nginx's error log from now on. Its file is nil if it is not known.
type errorLog struct {
	file *os.File
	rest string
}

// errorLogDirective is the directive at the top level of a configuration, whose file
// is the first group.
var errorLogDirective = regexp.MustCompile(`(?m)^error_log\s+["']?(/[^"';\s]+)`)

// openErrorLog opens the log of nginx's master process, by the output of nginx -T.
func openErrorLog(all string) *errorLog {
	l := &errorLog{}
	if names := errorLogDirective.FindStringSubmatch(all); names != nil {
		if file, err := os.Open(names[1]); err == nil {
			_, _ = file.Seek(0, io.SeekEnd)
			l.file = file
		}
	}
	return l
}

// complaint is a line of the error log that says why nginx can't do what it was told.
var complaint = regexp.MustCompile(`\[emerg\] \d+#\d+: (.*)`)

// complaints returns the errors that were written since the last call.
func (l *errorLog) complaints() (texts []string) {
	if l.file == nil {
		return nil
	}
	content, _ := io.ReadAll(io.LimitReader(l.file, 1<<20))
	lines := strings.SplitAfter(l.rest+string(content), "\n")
	l.rest = lines[len(lines)-1]
	for _, line := range lines[:len(lines)-1] {
		if found := complaint.FindStringSubmatch(line); found != nil {
			texts = append(texts, found[1])
		}
	}
	return texts
}

func (l *errorLog) Close() {
	if l.file != nil {
		l.file.Close()
	}
}
