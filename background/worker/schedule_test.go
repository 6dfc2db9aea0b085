package worker_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/worker"
)

// In Berlin the clock of 2026 goes from 02:00 to 03:00 on 29 March and from
// 03:00 back to 02:00 on 25 October; in New York at 02:00 on 8 March and 1
// November; on Lord Howe by half an hour; Samoa had no 30 December 2011.
func TestNext(t *testing.T) {
	for _, test := range []struct {
		name, spec, zone, after string
		want                    []string
	}{
		{"every day", "0 3 * * *", "", "2026-01-01T00:00:00Z", []string{"2026-01-01T03:00:00Z", "2026-01-02T03:00:00Z"}},
		{"in a zone", "0 3 * * *", "Europe/Berlin", "2026-01-01T00:00:00Z", []string{"2026-01-01T03:00:00+01:00"}},
		{"seconds", "*/20 * * * * *", "", "2026-01-01T00:00:00Z", []string{"2026-01-01T00:00:20Z", "2026-01-01T00:00:40Z", "2026-01-01T00:01:00Z"}},
		{"descriptor", "@daily", "America/New_York", "2026-01-01T00:00:00Z", []string{"2026-01-01T00:00:00-05:00"}},

		{"a time that is left out comes right after the gap, once", "30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z",
			[]string{"2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"}},
		{"several that are left out are one", "0,15,30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z",
			[]string{"2026-03-29T03:00:00+02:00", "2026-03-30T02:00:00+02:00"}},
		{"what is due right after the gap is not doubled", "30 2,3 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z",
			[]string{"2026-03-29T03:00:00+02:00", "2026-03-29T03:30:00+02:00", "2026-03-30T02:30:00+02:00"}},
		{"a time that comes twice comes the first time", "30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z",
			[]string{"2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"}},
		{"also in New York", "30 1 * * *", "America/New_York", "2026-10-31T12:00:00Z",
			[]string{"2026-11-01T01:30:00-04:00", "2026-11-02T01:30:00-05:00"}},
		{"from within the second showing", "30 2 * * *", "Europe/Berlin", "2026-10-25T02:10:00+01:00",
			[]string{"2026-10-26T02:30:00+01:00"}},
		{"every hour goes on through both", "30 * * * *", "Europe/Berlin", "2026-10-25T01:00:00+02:00",
			[]string{"2026-10-25T01:30:00+02:00", "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00", "2026-10-25T03:30:00+01:00"}},
		{"every hour over the gap", "30 * * * *", "Europe/Berlin", "2026-03-29T01:00:00+01:00",
			[]string{"2026-03-29T01:30:00+01:00", "2026-03-29T03:30:00+02:00"}},
		{"half an hour left out", "15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00+10:30",
			[]string{"2026-10-03T02:15:00+10:30", "2026-10-04T02:30:00+11:00", "2026-10-05T02:15:00+11:00"}},
		{"a day left out", "0 3 * * *", "Pacific/Apia", "2011-12-29T00:00:00-10:00",
			[]string{"2011-12-29T03:00:00-10:00", "2011-12-31T00:00:00+14:00", "2011-12-31T03:00:00+14:00"}},

		{"Sunday is 7 too", "0 0 * * 7", "", "2026-01-01T00:00:00Z", []string{"2026-01-04T00:00:00Z", "2026-01-11T00:00:00Z"}},
		{"to Sunday", "0 0 * * 6-7", "", "2026-01-01T00:00:00Z", []string{"2026-01-03T00:00:00Z", "2026-01-04T00:00:00Z", "2026-01-10T00:00:00Z"}},
		{"to Sunday by name", "0 0 * * Sat-Sun", "", "2026-01-01T00:00:00Z", []string{"2026-01-03T00:00:00Z", "2026-01-04T00:00:00Z", "2026-01-10T00:00:00Z"}},
		{"with a step", "0 0 * * 1-7/3", "", "2026-01-04T00:00:00Z", []string{"2026-01-05T00:00:00Z", "2026-01-08T00:00:00Z", "2026-01-11T00:00:00Z"}},
		{"29 February", "0 0 29 2 *", "", "2026-01-01T00:00:00Z", []string{"2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			at, err := time.Parse(time.RFC3339, test.after)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for range test.want {
				if at, err = worker.Next(test.spec, test.zone, at); err != nil {
					t.Fatal(err)
				}
				got = append(got, at.Format(time.RFC3339))
			}
			if diff := cmp.Diff(got, test.want); diff != "" {
				t.Errorf("got -, want +:\n%s", diff)
			}
		})
	}
}

// TestNextAgainstTheClock goes through every minute of a year and looks at the
// clock: a fixed time of the day comes once a day, at its first reading or,
// where that is left out, at the first minute after it.
func TestNextAgainstTheClock(t *testing.T) {
	for _, name := range []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Africa/Casablanca"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		from := time.Date(2017, 1, 1, 0, 0, 0, 0, zone)
		end := from.AddDate(1, 0, 0)
		minutes := []int{0, 30, 75, 119, 120, 149, 150, 180, 23*60 + 59}
		want := readings(from, end, minutes)
		for _, minute := range minutes {
			spec := fmt.Sprintf("%d %d * * *", minute%60, minute/60)
			var got []time.Time
			for at := from; ; {
				if at, err = worker.Next(spec, name, at); err != nil {
					t.Fatal(err)
				}
				if !at.Before(end) {
					break
				}
				got = append(got, at)
			}
			if !slices.EqualFunc(got, want[minute], time.Time.Equal) {
				t.Errorf("%s %s:\n%s", name, spec, cmp.Diff(texts(got), texts(want[minute])))
			}
		}
	}
}

// readings returns when each minute of the day is read from the clock, or was
// left out, after from and before end.
func readings(from, end time.Time, minutes []int) map[int][]time.Time {
	found := map[int][]time.Time{}
	come := map[int]int{} // the day of the year on which it came last
	for at := from; at.Before(end); at = at.Add(time.Minute) {
		hour, minute, _ := at.Clock()
		day := at.YearDay()
		for _, m := range minutes {
			if hour*60+minute >= m && come[m] != day {
				if come[m] = day; at.After(from) {
					found[m] = append(found[m], at)
				}
			}
		}
	}
	return found
}

func texts(times []time.Time) (texts []string) {
	for _, at := range times {
		texts = append(texts, at.Format(time.RFC3339))
	}
	return texts
}

func TestRefusedSchedules(t *testing.T) {
	run := func(t *testing.T, task background.Task) string {
		task.Name, task.Run = "Task", nothing
		err := worker.Check(&background.Product{Tasks: func() []background.Task { return []background.Task{task} }})
		if err == nil {
			t.Fatal("it was accepted")
		}
		return err.Error()
	}
	for _, test := range []struct {
		name string
		task background.Task
		want string
	}{
		{"none", background.Task{}, "a period of 0s"},
		{"zero seconds", background.Seconds(0, nil), "a period of 0s"},
		{"negative", background.Seconds(-1, nil), "a period of -1s"},
		{"both", background.Task{Every: 1, Cron: "@daily"}, "both Every and Cron"},
		{"a zone for a period", background.Task{Every: time.Second, Zone: "Europe/Berlin"}, "Zone without Cron"},
		{"never", background.Cron("0 0 31 2 *", nil), "never comes"},
		{"every 0", background.Cron("@every 0s", nil), "want 1s or more"},
		{"every less than 0", background.Cron("@every -5m", nil), "want 1s or more"},
		{"every nothing", background.Cron("@every ", nil), "invalid duration"},
		{"a zone in it", background.Cron("TZ=UTC", nil), "want the zone in the field Zone"},
		{"a zone in it, with a line", background.Cron("CRON_TZ=UTC 0 0 * * *", nil), "want the zone in the field Zone"},
		{"no such zone", background.Task{Cron: "@daily", Zone: "Europe/Atlantis"}, "is not known"},
		{"the machine's zone", background.Task{Cron: "@daily", Zone: "Local"}, "is not known"},
		{"four fields", background.Cron("0 0 * *", nil), "is not a schedule"},
		{"seven fields", background.Cron("0 0 0 0 * * *", nil), "is not a schedule"},
		{"out of range", background.Cron("61 0 * * *", nil), "is not a schedule"},
		{"eighth day", background.Cron("0 0 * * 8", nil), "is not a schedule"},
		{"no step", background.Cron("0 0 * * 1-7/0", nil), "want a step of 1 or more"},
		{"empty after spaces", background.Cron("   ", nil), "is not a schedule"},
		{"jitter", background.Task{Every: time.Second, Jitter: -1}, "want a Jitter"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := run(t, test.task); !strings.Contains(got, test.want) {
				t.Errorf("got %q, want %q in it", got, test.want)
			}
		})
	}
}

func FuzzCron(f *testing.F) {
	for _, seed := range []string{"0 3 * * *", "TZ=UTC", "@every 0s", "* * * * 1-7/2", "*/5 1-3,7 ? JAN-DEC sun", "0 0 31 2 *"} {
		f.Add(seed, "Europe/Berlin")
	}
	from := time.Date(2026, 3, 29, 0, 59, 30, 0, time.UTC)
	f.Fuzz(func(t *testing.T, spec, zone string) {
		next, err := worker.Next(spec, zone, from)
		if err == nil && !next.IsZero() && !next.After(from) {
			t.Errorf("%q in %q: %s does not come after %s", spec, zone, next, from)
		}
	})
}

func TestLatest(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 30, 0, time.UTC)
	for _, test := range []struct {
		spec       string
		after      time.Time
		want       string
		wantMissed int
	}{
		{"* * * * *", now.Add(-time.Minute), "12:00:00", 0},
		{"* * * * *", now.Add(-10 * time.Minute), "12:00:00", 9},
		{"@every 7s", now.Add(-22 * time.Second), "12:00:29", 2},
		{"* * * * * *", now.AddDate(-1, 0, 0), "12:00:30", 9_999}, // not exact, and not all are computed
		{"0 12 * * *", now.AddDate(-90, 0, 0), "12:00:00", 9_999},
	} {
		got, missed, computed := worker.Latest(test.spec, test.after, now)
		if got.Format(time.TimeOnly) != test.want || got.Format(time.DateOnly) != "2026-01-01" || missed != test.wantMissed {
			t.Errorf("%s: got %s and %d missed, want %s and %d", test.spec, got, missed, test.want, test.wantMissed)
		}
		if computed > 11_000 {
			t.Errorf("%s: %d ticks were computed, want at most 10,000 and some for the last one", test.spec, computed)
		}
	}
}
