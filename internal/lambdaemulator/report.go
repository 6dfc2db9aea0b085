package lambdaemulator

import (
	"fmt"
	"strings"
	"time"
)

// line returns the line that Lambda logs at the end of a call.
func (r *Result) line(s Settings) string {
	var line strings.Builder
	fmt.Fprintf(&line, "REPORT RequestId: %s\tDuration: %s\tBilled Duration: %d ms\tMemory Size: %d MB",
		r.id, milliseconds(r.duration), int64((r.init+r.duration+time.Millisecond-1)/time.Millisecond), s.Memory)
	if r.memory > 0 {
		fmt.Fprintf(&line, "\tMax Memory Used: %d MB", min(r.memory>>20, int64(s.Memory)))
	}
	if r.cold {
		fmt.Fprintf(&line, "\tInit Duration: %s", milliseconds(r.init))
	}
	if r.status != "" {
		fmt.Fprintf(&line, "\tStatus: %s", r.status)
	}
	if r.status == "error" && r.errorType != "" {
		fmt.Fprintf(&line, "\tError Type: %s", r.errorType)
	}
	return line.String()
}

// report returns that line, and which instance it was.
func (r *Result) report(s Settings, i *instance) string {
	start := "warm"
	if r.cold {
		start = "cold"
	}
	return fmt.Sprintf("%s\tInstance: %d, %s\n", r.line(s), i.number, start)
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
}
