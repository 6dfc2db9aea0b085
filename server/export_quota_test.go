package server

// Quota is a quota for tests.
type Quota struct{ *quota }

func NewQuota(most, maxBatch int64) Quota { return Quota{newQuota(most, maxBatch)} }

func (q Quota) Shards() int                  { return len(q.shards) }
func (q Quota) Take(shard int, n int64) bool { return q.take(shard, n) }
func (q Quota) Give(shard int, n int64)      { q.give(shard, n) }
func (q Quota) HasOne(shard int) bool        { return q.hasOne(shard) }
func (q Quota) Used() int64                  { return q.used() }
func (q Quota) TakePeak() int64              { return q.quota.takePeak() }
