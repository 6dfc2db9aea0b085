package trace_test

import (
	"strings"
	"testing"

	"github.com/apiphant/apiphant/internal/trace"
)

const (
	id   = "0af7651916cd43dd8448eb211c80319c"
	span = "b7ad6b7169203331"
	good = "00-" + id + "-" + span + "-01"
)

func TestParse(t *testing.T) {
	tests := []struct {
		name, came, want string
	}{
		{"version 00", good, good},
		{"not sampled", "00-" + id + "-" + span + "-00", "00-" + id + "-" + span + "-00"},
		{"flags that are not known yet", "00-" + id + "-" + span + "-ff", "00-" + id + "-" + span + "-ff"},
		{"a later version", "01-" + id + "-" + span + "-03", good},
		{"a later version, not sampled", "cc-" + id + "-" + span + "-fe", "00-" + id + "-" + span + "-00"},
		{"a later version with more fields", "01-" + id + "-" + span + "-01-what-the-future-holds", good},
		{"a later version with an empty field", "01-" + id + "-" + span + "-01-", good},

		{"none", "", ""},
		{"white space", " ", ""},
		{"more fields than version 00 has", good + "-00", ""},
		{"a dash more", good + "-", ""},
		{"a later version that goes on without a dash", "01-" + id + "-" + span + "-01.00", ""},
		{"version ff", "ff" + good[2:], ""},
		{"a version of capitals", "0A" + good[2:], ""},
		{"a version that is no number", ".0" + good[2:], ""},
		{"a version too long", "000-" + good[3:], ""},
		{"a version too short", "0" + good[2:], ""},
		{"a trace-id of zeros", "00-" + strings.Repeat("0", 32) + "-" + span + "-01", ""},
		{"a trace-id of capitals", "00-" + strings.ToUpper(id) + "-" + span + "-01", ""},
		{"a trace-id that is no number", "00-." + id[1:] + "-" + span + "-01", ""},
		{"a trace-id too short", "00-" + id[1:] + "-" + span + "-01", ""},
		{"a trace-id too long", "00-" + id + "0-" + span + "-01", ""},
		{"a parent-id of zeros", "00-" + id + "-0000000000000000-01", ""},
		{"a parent-id of capitals", "00-" + id + "-" + strings.ToUpper(span) + "-01", ""},
		{"a parent-id that is no number", "00-" + id + "-" + span[1:] + ".-01", ""},
		{"a parent-id too short", "00-" + id + "-" + span[1:] + "-01", ""},
		{"flags that are no number", "00-" + id + "-" + span + "-.0", ""},
		{"flags of capitals", "00-" + id + "-" + span + "-0F", ""},
		{"flags too short", "00-" + id + "-" + span + "-1", ""},
		{"flags too long", good + "1", ""},
		{"no flags", "00-" + id + "-" + span, ""},
		{"other dashes", strings.ReplaceAll(good, "-", "_"), ""},
		{"a first dash that is none", "00_" + good[3:], ""},
		{"a second dash that is none", good[:35] + "_" + good[36:], ""},
		{"a third dash that is none", good[:52] + "_" + good[53:], ""},
		{"a line break at the end", good + "\n", ""},
		{"two of them", good + "," + good, ""},
	}
	for _, tt := range tests {
		got := trace.Parse(tt.came)
		if got != tt.want {
			t.Errorf("%s: %q: got %q, want %q", tt.name, tt.came, got, tt.want)
		}
		if got != "" && (trace.ID(got) != id || trace.ParentID(got) != span) {
			t.Errorf("%s: got the ids %q and %q", tt.name, trace.ID(got), trace.ParentID(got))
		}
	}
	if n := testing.AllocsPerRun(10, func() { trace.Parse(good); trace.Parse("") }); n > 0 {
		t.Errorf("%v allocations, want none", n)
	}
}
