package connection

import "time"

// MinRate is how fast a body must come, in bytes a second, once its grace is
// used up.
const MinRate = 1 << 10

// Rate bounds how long the client may take to send a body: the grace, and a
// second more for each MinRate bytes that came. Only the time spent waiting
// counts, since a function may take its own time before it reads. What came
// fast does not allow for a longer silence than maxSilence.
type Rate struct {
	Grace time.Duration

	waited time.Duration
	came   int64
}

// maxSilence is the longest wait for the next byte of a body, in graces.
const maxSilence = 6

// allowed returns how long the next read may take.
func (r *Rate) allowed() time.Duration {
	earned := time.Duration(float64(r.came) / MinRate * float64(time.Second))
	return max(0, min(r.Grace+earned-r.waited, maxSilence*r.Grace))
}

func (r *Rate) add(n int, waited time.Duration) {
	r.came += int64(n)
	r.waited += waited
}
