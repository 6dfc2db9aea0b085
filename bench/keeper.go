package main

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"time"
)

// adjustEvery is how often a loadKeeper looks: long enough for the hundredths of a
// second that the kernel tells, short enough for a queue not to grow long.
const adjustEvery = 200 * time.Millisecond

// loadKeeper finds the rate at which a core is busy for a share of the time.
type loadKeeper struct {
	share float64
	core  int

	last  coreTime
	first coreTime // of what takeBusy tells
	err   error
}

// coreTime is what a core has done since the machine began, in units of the
// kernel's: proc_stat(5).
type coreTime struct{ idle, all int64 }

// adjust returns the rate in place of the one that has been asked for since it was
// last called.
func (k *loadKeeper) adjust(rate float64) float64 {
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

// factor is by how much the rate is to change where the core was busy for so much
// of the time. It goes half of the way, in proportion, since what the kernel tells
// of so short a time is rough.
func (k *loadKeeper) factor(busy float64) float64 {
	return min(max(math.Sqrt(k.share/max(busy, 0.01)), 0.7), 1.2)
}

// takeBusy is for how much of the time the core was busy since it was last asked.
func (k *loadKeeper) takeBusy() float64 {
	busy := k.first.busyUntil(k.last)
	k.first = k.last
	return busy
}

// busyUntil is the share of the time that the core was not idle, between two
// readings. What the hypervisor has given to others was no idling.
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

// parseCoreTime reads a core's line: user, nice, system, idle, iowait and others,
// of which those for guests are in user and nice already.
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
