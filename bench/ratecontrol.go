package main

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"time"
)

// adjustEvery is the interval of a rateController: long enough for the kernel's unit of
// a hundredth of a second, and short enough to keep queues short.
const adjustEvery = 200 * time.Millisecond

// rateController finds the request rate at which a core is busy for a given share of
// the time.
type rateController struct {
	share float64
	core  int

	last  coreTime
	first coreTime // at the last call of takeBusy
	err   error
}

// coreTime is the time that a core has spent since the machine started, in the
// kernel's units: see proc_stat(5).
type coreTime struct{ idle, all int64 }

// adjust returns the next rate, given the rate since its last call.
func (k *rateController) adjust(rate float64) float64 {
	now, err := readCoreTime(k.core)
	if err != nil {
		k.err = err
		return rate
	}
	last := k.last
	if k.last = now; last == (coreTime{}) {
		k.first = now
		return rate
	}
	return rate * k.factor(last.busyUntil(now))
}

// factor returns the factor by which the rate changes, given the share of the time
// that the core was busy. It goes half of the way, since the kernel's figures for so
// short a time are rough.
func (k *rateController) factor(busy float64) float64 {
	return min(max(math.Sqrt(k.share/max(busy, 0.01)), 0.7), 1.2)
}

// takeBusy returns the share of the time that the core was busy since its last call.
func (k *rateController) takeBusy() float64 {
	busy := k.first.busyUntil(k.last)
	k.first = k.last
	return busy
}

// busyUntil returns the share of the time between two readings in which the core was
// not idle. Time that the hypervisor gave to others counts as busy.
func (t coreTime) busyUntil(now coreTime) float64 {
	if now.all == t.all {
		return 0
	}
	return 1 - float64(now.idle-t.idle)/float64(now.all-t.all)
}

func readCoreTime(core int) (coreTime, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return coreTime{}, err
	}
	return parseCoreTime(string(text), core)
}

// parseCoreTime parses the line of a core: user, nice, system, idle, iowait and others.
// The times of guests are contained in user and nice.
func parseCoreTime(stat string, core int) (t coreTime, err error) {
	const idle, wait, guest = 3, 4, 8
	for line := range strings.SplitSeq(stat, "\n") {
		fields := strings.Fields(line)
		if len(fields) <= wait || fields[0] != "cpu"+strconv.Itoa(core) {
			continue
		}
		for i, field := range fields[1:min(len(fields), 1+guest)] {
			spent, err := strconv.ParseInt(field, 10, 64)
			if err != nil {
				return t, fmt.Errorf("/proc/stat: %w", err)
			}
			if t.all += spent; i == idle || i == wait {
				t.idle += spent
			}
		}
		return t, nil
	}
	return t, fmt.Errorf("/proc/stat has no cpu%d", core)
}
