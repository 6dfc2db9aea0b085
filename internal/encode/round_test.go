package encode_test

import (
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/internal/encode"
)

// dated has times and durations with a format wherever they can be.
type dated struct {
	Day    time.Time                           `format:"date"`
	Took   time.Duration                       `format:"duration"`
	Days   []time.Time                         `format:"date"`
	ByName map[string]time.Time                `format:"date"`
	Pair   [2]time.Duration                    `format:"duration"`
	Ptr    *time.Time                          `format:"date"`
	Ptrs   []*time.Duration                    `format:"duration"`
	Maybe  apiphant.Optional[time.Time]        `format:"date"`
	Maybes []apiphant.Optional[*time.Duration] `format:"duration"`
	Null   sql.Null[time.Time]                 `format:"date"`
	Usual  time.Time                           `format:"date-time"`
	Number time.Duration
	Text   string `format:"date"`
}

type loops struct {
	L nest     `format:"date"`
	M forest   `format:"duration"`
	P *pointer `format:"date"`
}

type pointer *pointer

type optional struct {
	Text apiphant.Optional[string]         `json:"text"`
	List apiphant.Optional[[]int]          `json:"list"`
	In   apiphant.Optional[small]          `json:"in"`
	All  []apiphant.Optional[int]          `json:"all"`
	By   map[string]apiphant.Optional[int] `json:"by"`
	Ptr  *apiphant.Optional[int]           `json:"ptr"`
	Omit apiphant.Optional[int]            `json:"omit,omitzero"`
	Any  any                               `json:"any"`
}

type nulls struct {
	A sql.Null[[]string]
	B sql.NullString
	C sql.NullInt64
	D sql.NullTime
	E []sql.NullBool
}

func TestWhatEncodingJSONHasNot(t *testing.T) {
	day, took := time.Date(2026, 11, 27, 23, 0, 0, 0, time.FixedZone("", -9*3600)), 90*time.Second
	maybeTook := apiphant.Some(&took)
	for name, test := range map[string]struct {
		value any
		want  string
	}{
		"nil lists and maps": {struct {
			L []int
			B []byte
			M map[int]string
			S map[string]string
			A map[string]any
			I []any
			D map[day8][]int
			T map[string][]string
			E []int `json:",omitempty"`
			Z []int `json:",omitzero"`
			P *[]int
		}{D: map[day8][]int{8: nil}, T: map[string][]string{"a": nil}}, `{"L":[],"B":"","M":{},"S":{},"A":{},"I":[],"D":{"day 8":[]},"T":{"a":[]},"P":null}`},
		"in plain values": {map[string]any{"a": []any(nil), "b": map[string]any(nil), "c": []string(nil), "d": nil}, `{"a":[],"b":{},"c":[],"d":null}`},
		"formats": {dated{day, took, []time.Time{day}, map[string]time.Time{"a": day}, [2]time.Duration{0, took}, &day, []*time.Duration{&took, nil}, apiphant.Some(day),
			[]apiphant.Optional[*time.Duration]{maybeTook, apiphant.Null[*time.Duration](), {}}, sql.Null[time.Time]{V: day, Valid: true}, day.UTC(), took, "x"},
			`{"Day":"2026-11-27","Took":"1m30s","Days":["2026-11-27"],"ByName":{"a":"2026-11-27"},"Pair":["0s","1m30s"],"Ptr":"2026-11-27","Ptrs":["1m30s",null],"Maybe":"2026-11-27","Maybes":["1m30s",null,null],"Null":"2026-11-27","Usual":"2026-11-28T08:00:00Z","Number":90000000000,"Text":"x"}`},
		"formats of nothing": {loops{L: nest{{}}, M: forest{"a": nil}}, `{"L":[[]],"M":{"a":{}},"P":null}`},
		"absent":             {optional{}, `{"all":[],"by":{},"ptr":null,"any":null}`},
		"null":               {optional{Text: apiphant.Null[string](), In: apiphant.Null[small](), Omit: apiphant.Null[int](), Any: apiphant.Null[int]()}, `{"text":null,"in":null,"all":[],"by":{},"ptr":null,"omit":null,"any":null}`},
		"values": {optional{apiphant.Some("<"), apiphant.Some([]int(nil)), apiphant.Some(small{}), []apiphant.Optional[int]{apiphant.Some(1), {}}, map[string]apiphant.Optional[int]{"a": apiphant.Some(0)},
			new(apiphant.Optional[int]), apiphant.Some(0), apiphant.Some(day.UTC())},
			`{"text":"<","list":[],"in":` + string(marshal(t, small{})) + `,"all":[1,null],"by":{"a":0},"ptr":null,"omit":0,"any":"2026-11-28T08:00:00Z"}`},
		"sql, null":  {nulls{}, `{"A":null,"B":null,"C":null,"D":null,"E":[]}`},
		"sql, there": {nulls{sql.Null[[]string]{Valid: true}, sql.NullString{String: "x", Valid: true}, sql.NullInt64{Valid: true}, sql.NullTime{Time: day.UTC(), Valid: true}, []sql.NullBool{{Bool: true, Valid: true}, {}}}, `{"A":[],"B":"x","C":0,"D":"2026-11-28T08:00:00Z","E":[true,null]}`},
	} {
		if got := string(marshal(t, test.value)); got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, test.want)
		}
		deeply := strings.Repeat("[", 600) + test.want + strings.Repeat("]", 600)
		value := test.value
		for range 600 {
			value = []any{value}
		}
		if got := string(marshal(t, value)); got != deeply {
			t.Errorf("%s, so deep that it is written plainly:\n got %s\nwant %s", name, strings.Trim(got, "[]"), test.want)
		}
	}
	for name, value := range map[string]any{
		"a date in a year of five digits": dated{Day: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)},
		"a date before the year 0":        dated{Days: []time.Time{time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC)}},
		"a key whose MarshalText fails":   map[day8]int{9: 1},
	} {
		if text, err := encode.Marshal(value); err == nil {
			t.Errorf("%s: got %s, want an error", name, text)
		}
	}
}

// day8 is a key of a map.
type day8 int

func (d day8) MarshalText() ([]byte, error) {
	if d != 8 {
		return nil, errDay
	}
	return []byte("day 8"), nil
}

var errDay = errors.New("not day 8")

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	text, err := encode.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
