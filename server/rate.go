package server

import "time"

// bodyMinRate is how fast a body must come, in bytes a second, once its grace
// is used up.
const bodyMinRate = 1 << 10

// bodyRate bounds how long a body may be waited for: its grace, and a second
// more for each bodyMinRate bytes that came. Only time spent waiting counts: a
// function may take its own before it reads. What came fast buys no longer
// silence than maxSilence.
type bodyRate struct {
	grace  time.Duration
	waited time.Duration
	came   int64
}

// maxSilence is the longest wait for the next byte of a body, however much came
// before it, in graces.
const maxSilence = 6

func (r *bodyRate) allowed() time.Duration {
	earned := time.Duration(float64(r.came) / bodyMinRate * float64(time.Second))
	return max(0, min(r.grace+earned-r.waited, maxSilence*r.grace))
}

func (r *bodyRate) read(c *conn, p []byte) (int, error) {
	start := time.Now()
	c.readBy = start.Add(r.allowed())
	n, err := c.read(p, c.Conn)
	r.waited += time.Since(start)
	r.came += int64(n)
	return n, err
}
