package auth

import (
	"sync"
	"time"
)

// The memory of a limiter: a client takes some 25 bytes of a map.
const (
	limiterShards = 64
	shardClients  = (1 << 20) / limiterShards / 2 // of each of the two generations of a shard
)

// limiter keeps a token bucket for each client, as one number: the time at which the bucket
// is full again (the generic cell rate algorithm). A bucket that is full by now need not be
// remembered.
type limiter struct {
	each   int64 // nanoseconds in which a bucket gets a token
	burst  int64 // nanoseconds in which an empty bucket is full
	now    func() time.Time
	start  time.Time
	shards [limiterShards]limiterShard
}

// limiterShard has the clients in two generations. If the younger one has all that it may
// have, it becomes the older one, whose clients are forgotten: they have not called for
// longer than all of the younger.
type limiterShard struct {
	mu           sync.Mutex
	young, older map[uint64]int64 // by client: when the bucket is full, since start
	_            [40]byte         // so that shards have no cache line in common
}

func newLimiter(l Limit, now func() time.Time) *limiter {
	each := int64(float64(time.Second) / l.Rate)
	return &limiter{each: each, burst: each * int64(l.Burst), now: now, start: now()}
}

// take takes a token from the client's bucket. If there is none, it returns how long to
// wait for one.
func (l *limiter) take(client uint64) (wait time.Duration) {
	now := int64(l.now().Sub(l.start))
	shard := &l.shards[client%limiterShards]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	full := max(shard.recall(client), now)
	if late := full + l.each - now - l.burst; late > 0 {
		return time.Duration(late)
	}
	shard.young[client] = full + l.each
	return 0
}

// recall returns when the client's bucket is full, 0 if it is not known. From then on the
// client is one of the younger generation.
func (s *limiterShard) recall(client uint64) (full int64) {
	full, known := s.young[client]
	if known {
		return full
	}
	full = s.older[client]
	if s.young == nil || len(s.young) >= shardClients {
		s.young, s.older = map[uint64]int64{}, s.young
	}
	s.young[client] = full
	return full
}
