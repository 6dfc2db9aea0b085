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

// maxDrift is how far the clock may be from that of the database. With less, it
// would be set back and forth by the inaccuracy of clocks.
const maxDrift = 500 * time.Millisecond

// set notes that the clock of the database has shown now, at some moment since
// asked, which is of this process.
func (c *clock) set(now, asked time.Time) {
	least, most := now.Sub(time.Now().Round(0)), now.Sub(asked.Round(0))
	switch offset := time.Duration(c.offset.Load()); {
	case offset < least-maxDrift:
		c.offset.Store(int64(least))
	case offset > most+maxDrift:
		c.offset.Store(int64(most))
	}
}

// Now returns the time of the database.
func (c *clock) Now() time.Time { return time.Now().Add(time.Duration(c.offset.Load())) }

// NowOrNil returns nil, with which River asks the database in its statements.
func (c *clock) NowOrNil() *time.Time { return nil }
