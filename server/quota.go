package server

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// maxShards bounds the number of shards of a counter.
const maxShards = 16

// shardCount returns in how many shards a counter is kept that every call writes:
// one for each processor that Go uses. A connection uses one shard for its life,
// so that connections on different processors seldom write to the same memory.
func shardCount() int { return min(runtime.GOMAXPROCS(0), maxShards) }

// quota is a bound on something that calls take and give back: there is a number
// of units, and a call that finds none is refused.
//
// Most units are taken from a shard and given back to it. A shard that has none
// gets some more from the units in common, and at last from the other shards. So
// never more units are out than there are, unless exceed was called. A call may be refused wrongly only if
// a unit moves from one shard to another at the moment when take looks for it.
type quota struct {
	most   int64
	batch  int64 // how many units a shard gets at a time
	shards []quotaShard

	mu     sync.Mutex
	common int64 // units that no shard has; negative after exceed
	peak   int64 // the most units that were out at a refill since takePeak
}

// quotaShard has memory of its own for two cache lines, since processors fetch them
// in pairs.
type quotaShard struct {
	free atomic.Int64
	_    [120]byte
}

// newQuota returns a quota of most units, of which a shard gets up to maxBatch
// at a time.
func newQuota(most, maxBatch int64) *quota {
	q := &quota{most: most, shards: make([]quotaShard, shardCount()), common: most}
	q.batch = max(1, min(maxBatch, most/int64(8*len(q.shards))))
	return q
}

// take takes n units out of a shard, and reports whether there were as many.
func (q *quota) take(shard int, n int64) bool {
	free := &q.shards[shard].free
	for has := free.Load(); has >= n; has = free.Load() {
		if free.CompareAndSwap(has, has-n) {
			return true
		}
	}
	return q.refill(free, n)
}

// refill takes n units of which a shard has not enough, and gives it a batch
// beside them where there are plenty.
func (q *quota) refill(free *atomic.Int64, n int64) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.common < n {
		for i := range q.shards {
			q.common += q.shards[i].free.Swap(0)
		}
	}
	if q.common < n {
		return false
	}
	batch := min(q.batch, q.common-n)
	q.common -= n + batch
	free.Add(batch)
	q.peak = max(q.peak, q.out())
	return true
}

// exceed takes n units, also where that goes beyond the bound. Then nobody else gets
// one until as many were given back.
func (q *quota) exceed(shard int, n int64) {
	if q.take(shard, n) {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range q.shards {
		q.common += q.shards[i].free.Swap(0)
	}
	q.common -= n
	q.peak = max(q.peak, q.out())
}

// give gives n units back.
func (q *quota) give(shard int, n int64) {
	free := &q.shards[shard].free
	if free.Add(n) <= 2*q.batch {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if has := free.Load(); has > q.batch && free.CompareAndSwap(has, q.batch) {
		q.common += has - q.batch
	}
}

// hasOne reports whether a unit is left.
func (q *quota) hasOne(shard int) bool {
	return q.shards[shard].free.Load() > 0 || q.used() < q.most
}

// used returns how many units are out. Calls take and give back units while it
// counts, so it may differ by those.
func (q *quota) used() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.out()
}

func (q *quota) out() int64 {
	free := q.common
	for i := range q.shards {
		free += q.shards[i].free.Load()
	}
	return max(0, q.most-free)
}

// takePeak returns the most units that were out since takePeak was called last,
// or less by what shards had to give without a refill: two batches each.
func (q *quota) takePeak() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	peak := max(q.peak, q.out())
	q.peak = 0
	return peak
}
