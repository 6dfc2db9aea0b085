package deploy

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// master returns the id of nginx's master process, or 0. A process of another program
// that has the id of the pid file by now is none.
func (n nginx) master() int {
	content, err := os.ReadFile(n.NginxPID())
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil || pid < 2 || !isAlive(pid) {
		return 0
	}
	if name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)); err == nil && strings.TrimSpace(string(name)) != "nginx" {
		return 0
	}
	return pid
}

// workers returns the ids of nginx's worker processes and when each was started, without those that finish their last
// requests after a reload.
func (n nginx) workers() map[int]time.Time {
	workers := map[int]time.Time{}
	master := strconv.Itoa(n.master())
	folders, _ := filepath.Glob("/proc/[0-9]*")
	for _, folder := range folders {
		fields := statOf(folder)
		if fields == nil || fields[1] != master {
			continue
		}
		title, _ := os.ReadFile(folder + "/cmdline")
		if strings.HasPrefix(string(title), "nginx: worker process") && !strings.Contains(string(title), "shutting down") {
			pid, _ := strconv.Atoi(filepath.Base(folder))
			workers[pid] = startedAt(fields[19])
		}
	}
	return workers
}

// statOf returns the fields of /proc/PID/stat from the third, the state, on, or nil.
func statOf(folder string) []string {
	content, err := os.ReadFile(folder + "/stat")
	if err != nil {
		return nil
	}
	_, after, _ := strings.Cut(string(content[strings.LastIndexByte(string(content), ')')+1:]), " ")
	if fields := strings.Fields(after); len(fields) > 19 {
		return fields
	}
	return nil
}

// startedAt returns the time of a process's start, which /proc has in hundredths of a
// second since the machine's start.
func startedAt(ticks string) time.Time {
	content, _ := os.ReadFile("/proc/uptime")
	now := time.Now()
	first, _, _ := strings.Cut(string(content), " ")
	uptime, err := strconv.ParseFloat(first, 64)
	since, notANumber := strconv.ParseFloat(ticks, 64)
	if err != nil || notANumber != nil {
		return time.Time{}
	}
	return now.Add(time.Duration(math.Round((since/100 - uptime) * float64(time.Second))))
}

// clockError is how inexact startedAt and the times of files are, together.
const clockError = 50 * time.Millisecond

// hasLoaded reports whether all workers were started after a file was written. A
// deployment that was killed may have written it without a reload.
func (n nginx) hasLoaded(file string) bool {
	info, err := os.Stat(file)
	if err != nil {
		return false
	}
	workers := n.workers()
	if len(workers) == 0 {
		return !exists("/proc/self/stat") // where there is no /proc, nobody knows
	}
	for _, started := range workers {
		if started.Add(clockError).Before(info.ModTime()) {
			return false
		}
	}
	return true
}

// listening returns the TCP ports at which nginx listens. It reports false if the
// system does not tell.
func (n nginx) listening() (ports []uint16, known bool) {
	folder := fmt.Sprintf("/proc/%d", n.master())
	descriptors, err := os.ReadDir(folder + "/fd")
	if err != nil {
		return nil, false
	}
	var own []string
	for _, descriptor := range descriptors {
		link, _ := os.Readlink(folder + "/fd/" + descriptor.Name())
		own = append(own, link)
	}
	for _, socket := range sockets() {
		if slices.Contains(own, "socket:["+socket.inode+"]") {
			ports = append(ports, socket.address.Port())
		}
	}
	return ports, true
}
