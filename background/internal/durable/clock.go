package durable

import (
	"sync/atomic"
	"time"
)

// clock shows the time of the database, by that of this process. It implements
// River's TimeGenerator: where River counts by the clock of a worker, one that is
// wrong would run retries late, or those of other workers, if this one leads.
type clock struct {
	offset atomic.Int64 // in nanoseconds, from the clock of this process
}

// maxDrift is how far the clock may be from that of the database. Smaller
// differences come from the time that answers take, and would set it back and
// forth.
const maxDrift = 500 * time.Millisecond

// set notes that the clock of the database shows now.
func (c *clock) set(now time.Time) {
	offset := now.Sub(time.Now().Round(0))
	if (offset - time.Duration(c.offset.Load())).Abs() > maxDrift {
		c.offset.Store(int64(offset))
	}
}

// Now returns the time of the database.
func (c *clock) Now() time.Time { return time.Now().Add(time.Duration(c.offset.Load())) }

// NowOrNil returns nil, with which River asks the database in its statements.
func (c *clock) NowOrNil() *time.Time { return nil }
