package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"time"
)

// load is the load that wrk puts on a server.
type load struct {
	body        body
	path        string // "": that of the server
	connections int
	seconds     int
	cores       []int // of wrk, a thread on each; nil: the lab's one
	refused     bool  // all answers must have a status other than 2xx
}

// run loads a server from the load's core, and returns the number of answers. A wrong
// answer, or none, is an error: the server would not have done the work.
func (w load) run(ctx context.Context, l *lab, s *server) (requests int64, err error) {
	script, err := l.script(w.body)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(w.seconds)*time.Second+30*time.Second)
	defer cancel()
	wrk := exec.CommandContext(ctx, "wrk", "-t"+strconv.Itoa(max(1, len(w.cores))), "-c"+strconv.Itoa(w.connections), "-d"+strconv.Itoa(w.seconds)+"s",
		"--timeout", "20s", "-s", script, "http://"+s.address+cmp.Or(w.path, s.path()))
	var out bytes.Buffer
	wrk.Stdout, wrk.Stderr = &out, &out
	wrk.SysProcAttr = attributes()
	ended := make(chan error)
	go func() {
		runtime.LockOSThread() // not unlocked: see server.go
		cores := w.cores
		if cores == nil {
			cores = []int{l.loadCore}
		}
		err := pin(cores...)
		if err == nil {
			err = wrk.Run()
		}
		ended <- err
	}()
	if err := <-ended; err != nil {
		return 0, fmt.Errorf("wrk: %w: %s", err, out.Bytes())
	}
	requests, err = w.count(out.String())
	if err != nil {
		err = fmt.Errorf("%s, %s, %d connections: %w", s.peer.name, w.body.name, w.connections, err)
	}
	return requests, err
}

var errNobody = errors.New("no request was answered")

var (
	wrkRequests = regexp.MustCompile(`(?m)^\s*(\d+) requests in`)
	wrkErrors   = regexp.MustCompile(`Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)`)
	wrkStatuses = regexp.MustCompile(`Non-2xx or 3xx responses: (\d+)`)
)

// count parses the output of wrk.
func (w load) count(printed string) (int64, error) {
	found := wrkRequests.FindStringSubmatch(printed)
	if found == nil {
		return 0, fmt.Errorf("wrk doesn't say how many requests: %s", printed)
	}
	requests, err := strconv.ParseInt(found[1], 10, 64)
	if err != nil {
		return 0, err
	}
	if failed := wrkErrors.FindString(printed); failed != "" {
		return 0, fmt.Errorf("of %d requests: %s", requests, failed)
	}
	others := int64(0)
	if found := wrkStatuses.FindStringSubmatch(printed); found != nil {
		if others, err = strconv.ParseInt(found[1], 10, 64); err != nil {
			return 0, err
		}
	}
	switch {
	case requests == 0:
		return 0, fmt.Errorf("%w in %d s", errNobody, w.seconds)
	case !w.refused && others > 0, w.refused && others != requests:
		return 0, fmt.Errorf("%d of %d answers are other than 2xx", others, requests)
	}
	return requests, nil
}

// script returns a Lua file that makes wrk send a body.
func (l *lab) script(b body) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if script := l.scripts[b.text]; script != "" {
		return script, nil
	}
	base := l.file(fmt.Sprintf("body-%d", len(l.scripts)))
	if err := os.WriteFile(base, []byte(b.text), 0o600); err != nil {
		return "", err
	}
	script := fmt.Sprintf("wrk.method = \"POST\"\nwrk.headers[\"Content-Type\"] = \"application/json\"\nwrk.body = io.open(%q):read(\"*a\")\n", base)
	if err := os.WriteFile(base+".lua", []byte(script), 0o600); err != nil {
		return "", err
	}
	l.scripts[b.text] = base + ".lua"
	return base + ".lua", nil
}
