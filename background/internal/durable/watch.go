package durable

import (
	"context"
	"time"
)

// A worker is taken for dead when another one has seen no change of its row for
// deadAfter and deadBeats of its own heartbeats, none of which failed. So nobody
// is taken for dead because a clock was set, or because nobody could write.
const (
	deadAfter = 12 * time.Second
	deadBeats = 10
)

// watch is what a worker sees of the other ones.
type watch struct {
	*Ledger
	conn
	peers map[string]peer // by id
	moved time.Time       // when a heartbeat of one of them was seen last
}

// peer is another worker.
type peer struct {
	beat    int64
	since   time.Time // when this beat was seen first
	repeats int       // how often it was seen again
}

// observation is what reading the table of workers has shown.
type observation struct {
	takenForDead bool     // this worker has no row any more, or a mark
	dead         []string // workers that have a mark

	// silent is how long ago the last heartbeat of another worker was seen.
	silent time.Duration
}

// look reads the table of workers after a heartbeat of this one, and marks those
// that are dead. beaten is whether that heartbeat was written.
func (w *watch) look(ctx context.Context, beaten bool) (observation, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	hadRow := w.hadRow() // before, since it may get one meanwhile
	asked, beats := time.Now(), map[string]int64{}
	err := w.query(ctx, w.statements.workers, func(scan func(into ...any) error) error {
		var id string
		var beat int64
		if err := scan(&id, &beat); err != nil {
			return err
		}
		if id == "" {
			w.setClock(beat, asked)
			return nil
		}
		beats[id] = beat
		return nil
	})
	if err != nil {
		w.peers, w.moved = nil, time.Time{}
		return observation{}, err
	}
	own, exists := beats[w.worker]
	seen := observation{takenForDead: hadRow && (!exists || own < 0)}
	delete(beats, w.worker)
	for id, beat := range beats {
		if beat < 0 {
			seen.dead = append(seen.dead, id)
			delete(beats, id)
		}
	}
	if w.compare(beats, beaten) || w.moved.IsZero() {
		w.moved = time.Now()
	}
	seen.silent = time.Since(w.moved)
	for id, p := range w.peers {
		if p.repeats < deadBeats || time.Since(p.since) < deadAfter {
			continue
		}
		if marked, err := w.exec(ctx, w.statements.mark, id, p.beat); err == nil && marked == 1 {
			seen.dead = append(seen.dead, id)
		}
	}
	return seen, nil
}

// compare notes the heartbeats of other workers, and reports whether there is
// one that is new.
func (w *watch) compare(beats map[string]int64, beaten bool) (moved bool) {
	peers := make(map[string]peer, len(beats))
	for id, beat := range beats {
		p, known := w.peers[id]
		switch {
		case !known || p.beat != beat:
			p, moved = peer{beat: beat, since: time.Now()}, true
		case !beaten: // then the other one may not have been able to write, either
			p.since, p.repeats = time.Now(), 0
		default:
			p.repeats++
		}
		peers[id] = p
	}
	w.peers = peers
	return moved
}
