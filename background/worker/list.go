package worker

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// List writes a line for each task: its name, its schedule and its next three
// times, as if the program started now. It writes a line for each job: its name
// and its queue.
func (w *Worker) List(to io.Writer, now time.Time) error {
	plan, err := planOf(w.Product)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	for _, t := range plan.tasks {
		fmt.Fprintf(table, "%s\t%s", t.Name, t.spec)
		tick := t.tickBeforeFirst(now.UTC().Truncate(time.Second))
		for range 3 {
			if tick = t.schedule.next(tick); tick.IsZero() {
				break
			}
			fmt.Fprintf(table, "\t%s", tick.Format(time.RFC3339))
		}
		fmt.Fprintln(table)
	}
	for _, job := range plan.jobs {
		fmt.Fprintf(table, "%s\tjob\tin queue %s\n", job.Name, job.Queue)
	}
	return table.Flush()
}
