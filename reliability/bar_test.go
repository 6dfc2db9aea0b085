package main

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/apiphant/apiphant/internal/load"
)

// TestRows: no row is met by a value beyond its bar, or by no measurement at all.
func TestRows(t *testing.T) {
	left := map[string]time.Time{"a": time.Unix(9, 0), "b": time.Unix(9, 0)}
	ended := func(a, b time.Duration) ledger {
		return ledger{Ended: map[string]int64{"a": time.Unix(9, 0).Add(a).UnixNano(), "b": time.Unix(9, 0).Add(b).UnixNano()}}
	}
	tests := []struct {
		name string
		rows []row
		met  string // a letter each
	}{
		{"all", []row{all("", 2, 2), all("", 1, 2), all("", 0, 0)}, "ynn"},
		{"none", []row{none("", 0, 2), none("", 1, 2), none("", 0, 0)}, "ynn"},
		{"within", []row{within("", 1, 1), within("", 2, 1)}, "yn"},
		{"megabytes", []row{megabytes("", 1, 1), megabytes("", 2, 1)}, "yn"},
		{"atMostTimes", []row{atMostTimes("", 10, 20, 2), atMostTimes("", 10, 21, 2), atMostTimes("", 0, 1, 2), atMostTimes("", 1, 0, 2)}, "ynnn"},
		{"happened", []row{happened("", nil), happened("", io.EOF)}, "yn"},
		{"unmeasured", []row{unmeasured("", io.EOF)}, "n"},
		{"no requests", lossless("", load.Tally{}), "nnn"},
		{"all is well", lossless("", load.Tally{OK: 1}), "yyy"},
		{"lost", lossless("", load.Tally{OK: 1, Lost: 1}), "nyy"},
		{"refused", lossless("", load.Tally{OK: 1, Refused: 1}), "yny"},
		{"other", lossless("", load.Tally{OK: 1, Other: 1}), "yyn"},
		{"gone", goneRows(left, ended(0, goneBar)), "yyy"},
		{"gone, one late", goneRows(left, ended(0, goneBar+1)), "yny"},
		{"gone, before the client went", goneRows(left, ended(0, -1)), "yyn"},
		{"gone, one not noticed", goneRows(left, ledger{Ended: map[string]int64{"a": time.Unix(9, 0).UnixNano()}}), "nyy"},
		{"gone, none noticed", goneRows(left, ledger{}), "nny"},
		{"half answers", half{broken: 2}.rows(""), "yy"},
		{"half answers that look whole", half{broken: 1, whole: []string{"x"}}.rows(""), "ny"},
		{"clients that wait for ever", half{broken: 1, hung: []string{"x"}}.rows(""), "yn"},
		{"no half answers", half{other: []string{"x"}}.rows(""), "nn"},
	}
	for _, tt := range tests {
		wantMet(t, tt.name, tt.rows, tt.met)
	}
}

// wantMet checks which rows met their bars.
func wantMet(t *testing.T, name string, rows []row, want string) {
	t.Helper()
	got := ""
	for _, r := range rows {
		if r.met {
			got += "y"
		} else {
			got += "n"
		}
	}
	if got != want {
		t.Errorf("%s: got %s, want %s of %v", name, got, want, rows)
	}
}

func TestVitals(t *testing.T) {
	before := vitals{goroutines: 10, descriptors: 10, resident: 100_000_000}
	tests := []struct {
		name string
		now  vitals
		good bool
	}{
		{"the same", before, true},
		{"less", vitals{}, true},
		{"goroutines", vitals{11 + ownNoise, 10, 100_000_000}, false},
		{"descriptors", vitals{10, 11 + ownNoise, 100_000_000}, false},
		{"memory", vitals{10, 10, 100_000_000 + settleSlack + 1}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.now.asGoodAs(before); (err == nil) != tt.good {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestVerdict(t *testing.T) {
	tests := []struct {
		name string
		rows []row
		want int
	}{
		{"met", []row{{met: true}, {met: true}}, 0},
		{"one missed", []row{{met: true}, {what: "memory"}}, 1},
		{"nothing measured", nil, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out strings.Builder
			if got := verdict([]section{{rows: tt.rows}}, &out); got != tt.want {
				t.Errorf("got %d, want %d: %s", got, tt.want, out.String())
			}
		})
	}
}

func TestPercentile(t *testing.T) {
	var hundred []int
	for i := range 100 {
		hundred = append(hundred, 99-i)
	}
	for p, want := range map[int]int{0: 0, 50: 50, 99: 99, 100: 99} {
		if got := percentile(hundred, p); got != want {
			t.Errorf("percentile %d: got %d, want %d", p, got, want)
		}
	}
	if got := percentile([]int{}, 99); got != 0 {
		t.Errorf("of nothing: got %d", got)
	}
}

func TestPage(t *testing.T) {
	page := renderPage("go run ./reliability", []section{{scenario{title: "Limits", about: "How."}, []row{
		{"a|b", "0", "1 of 2:\r\n3", false}, {"c", "0", "0 of 2", true},
	}}})
	for _, want := range []string{"## Limits\n\nHow.\n\n", `| a\|b | 0 | 1 of 2: 3 | **missed** |` + "\n", "| c | 0 | 0 of 2 | met |\n"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
}

// TestUsage: an unknown scenario is wrong usage, reported before anything is built.
func TestUsage(t *testing.T) {
	var stderr strings.Builder
	if status := run(t.Context(), []string{"-only", "idle,nothing"}, io.Discard, &stderr); status != 2 || !strings.Contains(stderr.String(), "-only nothing: there are messages,") {
		t.Errorf("got %d, %s", status, stderr.String())
	}
}
