package server_test

import (
	"context"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/apiphant/apiphant/server"
)

// TestQuotaIsABound: many goroutines take and give back units of all shards, and
// never are more out than there are.
func TestQuotaIsABound(t *testing.T) {
	for _, most := range []int64{1, 3, 100, 10_000} {
		q := server.NewQuota(most, 64)
		var out, peak, refused atomic.Int64
		var group sync.WaitGroup
		for seed := range uint64(8) {
			group.Go(func() {
				random := rand.New(rand.NewPCG(seed, 1))
				for range 2000 {
					shard, n := random.IntN(q.Shards()), 1+random.Int64N(1+most/4)
					if !q.Take(shard, n) {
						refused.Add(1)
						continue
					}
					if now := out.Add(n); now > peak.Load() {
						peak.Store(now)
					}
					out.Add(-n)
					q.Give(random.IntN(q.Shards()), n)
				}
			})
		}
		group.Wait()
		if peak.Load() > most {
			t.Errorf("%d units: %d were out", most, peak.Load())
		}
		if used := q.Used(); used != 0 {
			t.Errorf("%d units: %d are out at the end, want none", most, used)
		}
	}
}

// TestQuotaGivesOutAll, wherever the units are.
func TestQuotaGivesOutAll(t *testing.T) {
	const most = 1000
	q := server.NewQuota(most, 64)
	for range 3 {
		for i := range most {
			if !q.HasOne(i%q.Shards()) || !q.Take(i%q.Shards(), 1) {
				t.Fatalf("unit %d of %d was refused", i, most)
			}
		}
		for shard := range q.Shards() {
			if q.HasOne(shard) || q.Take(shard, 1) {
				t.Errorf("shard %d has one unit more than there are", shard)
			}
		}
		if got := q.Used(); got != most {
			t.Errorf("got %d in use, want %d", got, most)
		}
		for range most {
			q.Give(0, 1) // where they are given back does not matter
		}
	}
	if peak := q.TakePeak(); peak > most || peak < most-int64(q.Shards())*64 {
		t.Errorf("got a peak of %d, want %d", peak, most)
	}
	if !q.Take(0, most) {
		t.Error("all units at once were refused")
	}
}

// BenchmarkQuota takes and gives back a unit, as every call does: in the shard of
// each goroutine, and for comparison in one shard. Run it with -cpu 1,2.
func BenchmarkQuota(b *testing.B) {
	for _, name := range []string{"sharded", "shared"} {
		b.Run(name, func(b *testing.B) {
			q, next := server.NewQuota(10_000, 64), atomic.Int64{}
			b.RunParallel(func(pb *testing.PB) {
				shard := 0
				if name == "sharded" {
					shard = int(next.Add(1)) % q.Shards()
				}
				for pb.Next() {
					if !q.Take(shard, 1) {
						b.Error("refused")
					}
					q.Give(shard, 1)
				}
			})
		})
	}
}

// Whoever asks before Serve, or while it begins, gets zeros and does not race with it.
func TestStatsBeforeServe(t *testing.T) {
	s := &server.Server{API: echo(), DrainWindow: -1}
	if got := s.Stats(); got != (server.Stats{}) {
		t.Errorf("got %+v before Serve, want zeros", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { served <- s.Serve(ctx, ln) }()
	for range 1000 {
		s.Stats()
	}
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
}
