package auth

import (
	"net/netip"
	"testing"
	"time"
)

// TestLimiter takes tokens by a clock of its own.
func TestLimiter(t *testing.T) {
	now := time.Unix(1e9, 0)
	l := newLimiter(Limit{Rate: 2, Burst: 3}, func() time.Time { return now })
	for i, step := range []struct {
		after time.Duration
		wait  time.Duration
	}{
		{0, 0}, {0, 0}, {0, 0},
		{0, 500 * time.Millisecond}, {0, 500 * time.Millisecond}, // a refused call takes nothing
		{499 * time.Millisecond, time.Millisecond},
		{time.Millisecond, 0},
		{0, 500 * time.Millisecond},
		{time.Hour, 0}, {0, 0}, {0, 0}, {0, 500 * time.Millisecond}, // no more than the burst is saved
	} {
		now = now.Add(step.after)
		if wait := l.take(1); wait != step.wait {
			t.Errorf("step %d: got %s, want %s", i, wait, step.wait)
		}
	}
	if l.take(1+limiterShards) != 0 {
		t.Error("another client of the same shard is refused")
	}
}

// TestLimiterIsBounded floods a limiter with clients. One that calls all the time is not
// forgotten, and what is remembered is bounded.
func TestLimiterIsBounded(t *testing.T) {
	now := time.Unix(1e9, 0)
	l := newLimiter(Limit{Rate: 0.001, Burst: 5}, func() time.Time { return now })
	const steady = 7
	refused := 0
	for client := range uint64(3 << 19) {
		if l.take(client*2654435761+1000) > 0 {
			t.Fatal("a client is refused for what others do")
		}
		if client%50_000 == 0 && l.take(steady) > 0 {
			refused++
		}
	}
	if refused < 20 {
		t.Errorf("a client that calls all the time is refused %d times of 31: it is forgotten", refused)
	}
	total := 0
	for i := range l.shards {
		total += len(l.shards[i].young) + len(l.shards[i].older)
	}
	if total > 1<<20 {
		t.Errorf("%d clients are remembered", total)
	}
}

func TestNetwork(t *testing.T) {
	for a, b := range map[string]string{
		"192.0.2.1":    "::ffff:192.0.2.1",
		"2001:db8::1":  "2001:db8::ffff:ffff:ffff:ffff",
		"fe80::1%eth0": "fe80::2%eth1",
	} {
		if network(netip.MustParseAddr(a)) != network(netip.MustParseAddr(b)) {
			t.Errorf("%s and %s are two clients", a, b)
		}
	}
	for a, b := range map[string]string{"192.0.2.1": "192.0.2.2", "2001:db8::1": "2001:db8:0:1::1"} {
		if network(netip.MustParseAddr(a)) == network(netip.MustParseAddr(b)) {
			t.Errorf("%s and %s are one client", a, b)
		}
	}
	if network(netip.Addr{}) != (netip.Addr{}) {
		t.Error("an unknown address")
	}
}
