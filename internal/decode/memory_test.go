package decode_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"unsafe"
	"weak"

	"github.com/apiphant/apiphant/internal/decode"
)

// plain is what encoding/json makes of a body.
func plain(t testing.TB, body string) (m map[string]any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader([]byte(body)))
	d.UseNumber()
	if err := d.Decode(&m); err != nil {
		t.Fatal(body, err)
	}
	return m
}

// object is what Object makes of a body, whose bytes are then used again.
func object(t testing.TB, body string) map[string]any {
	t.Helper()
	sent := []byte(body)
	m, err := decode.Object(sent)
	if err != nil {
		t.Fatal(body, err)
	}
	clear(sent)
	return m
}

// writer writes random documents whose keys and texts are few and much alike.
type writer struct {
	*rand.Rand
	strings.Builder
}

func (w *writer) text() {
	w.WriteByte('"')
	for range w.IntN(3) * w.IntN(20) / (1 + w.IntN(4)) {
		w.WriteByte('a' + byte(w.IntN(10)/9))
	}
	if w.IntN(8) == 0 {
		w.WriteString(`\u0061\né`)
	}
	w.WriteByte('"')
}

func (w *writer) list(open, end string, depth int, member func()) {
	w.WriteString(open)
	for i := range w.IntN(4) * w.IntN(5) / (1 + depth/2) {
		if i > 0 {
			w.WriteByte(',')
		}
		member()
	}
	w.WriteString(end)
}

func (w *writer) space() { w.WriteString(strings.Repeat(" ", w.IntN(12)/11)) }

func (w *writer) object(depth int) {
	w.list("{", "}", depth, func() {
		w.text()
		w.space()
		w.WriteByte(':')
		w.space()
		w.value(depth + 1)
	})
}

func (w *writer) value(depth int) {
	switch w.IntN(6) {
	case 0:
		fmt.Fprint(w, w.IntN(1<<w.IntN(20)))
	case 1, 2:
		w.text()
	case 3:
		w.list("[", "]", depth, func() { w.value(depth + 1) })
	case 4:
		w.object(depth)
	default:
		w.WriteString([]string{"true", "false", "null"}[w.IntN(3)])
	}
}

// Requests are decoded one after the other and at once, whole and broken, and what
// was made of each stays what it was.
func TestRequestsHaveNothingOfEachOther(t *testing.T) {
	var wait sync.WaitGroup
	for seed := range uint64(8) {
		wait.Go(func() {
			w := writer{Rand: rand.New(rand.NewPCG(seed, 1))}
			var bodies []string
			var got []map[string]any
			for range 300 {
				w.Reset()
				w.object(0)
				body := w.String()
				if broken, err := decode.Object([]byte(body[:w.IntN(len(body))])); err == nil && len(broken) > 0 {
					t.Errorf("%s: a part of it was decoded", body)
				}
				bodies, got = append(bodies, body), append(got, object(t, body))
			}
			for i, body := range bodies {
				if want := plain(t, body); !reflect.DeepEqual(got[i], want) {
					t.Errorf("%s\ngot  %v\nwant %v", body, got[i], want)
				}
			}
		})
	}
	wait.Wait()
}

// Many keys and texts, all different, and then again.
func TestObjectOfManyTexts(t *testing.T) {
	var b strings.Builder
	for range 2 {
		for i := range 500 {
			fmt.Fprintf(&b, `{"key %d":"text %d","n":%d,"s":"%d"},`, i, i, i, i)
		}
	}
	body := `{"list":[` + b.String() + `1]}`
	if got, want := object(t, body), plain(t, body); !reflect.DeepEqual(got, want) {
		t.Error("not what encoding/json makes of it")
	}
}

type panics struct{}

func (*panics) UnmarshalJSON([]byte) error { panic("for a test") }

func TestPanicLeavesNothing(t *testing.T) {
	type request struct {
		Any   any    `json:"any"`
		Panic panics `json:"panic"`
	}
	plan := compile[request](t)
	const body = `{"list":[{"a":"x","b":"y"},{"a":"y"}]}`
	for range 20 {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			_, _ = plan.Decode([]byte(`{"any":[{"a":"secret"},{"b":"secret"}],"panic":1}`), new(request))
		}()
		if got, want := object(t, body), plain(t, body); !reflect.DeepEqual(got, want) {
			t.Fatal(got)
		}
	}
}

// What decoders leave to each other keeps no value of a request alive, be it one that
// was refused.
func TestNothingStaysAlive(t *testing.T) {
	for name, decodes := range map[string]func() weak.Pointer[byte]{
		"object": func() weak.Pointer[byte] {
			m := object(t, `{"a":[{"k":"a text"},{"k":"another"},{"k":["of it"]}]}`)
			return weak.Make(unsafe.StringData(m["a"].([]any)[1].(map[string]any)["k"].(string)))
		},
		"typed": func() weak.Pointer[byte] {
			var v one[any]
			if problems, err := compile[one[any]](t).Decode([]byte(`{"v":[{"k":"a text"},{"k":"another"}]}`), &v); err != nil || problems != nil {
				t.Fatal(problems, err)
			}
			return weak.Make(unsafe.StringData(v.V.([]any)[1].(map[string]any)["k"].(string)))
		},
		"refused": func() weak.Pointer[byte] {
			var v one[any]
			if _, err := compile[one[any]](t).Decode([]byte(`{"v":[{"k":"a text"},{"k":"another"}]]`), &v); err == nil {
				t.Fatal("it was accepted")
			}
			return weak.Make(unsafe.StringData(v.V.([]any)[1].(map[string]any)["k"].(string)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			for range 10 {
				p := decodes()
				runtime.GC() // a sync.Pool is empty after two
				if p.Value() != nil {
					t.Fatal("a text of a request is still there")
				}
			}
		})
	}
}

// Equal texts may be one value; a number is none of them.
func TestEqualTexts(t *testing.T) {
	for _, body := range []string{
		`{"l":[{"a":"12","b":12},{"a":12,"b":"12"},{"a":"12","b":12,"c":["12",12,"12"]}]}`,
		`{"l":[{"a":"abcd"},{"a":"abxd"},{"a":"abcd"},{"a":"abxd"},{"a":""},{"a":""}]}`,
	} {
		if got, want := object(t, body), plain(t, body); !reflect.DeepEqual(got, want) {
			t.Errorf("%s\ngot  %v\nwant %v", body, got, want)
		}
	}
}

// A caller may append to a list, or change it, without changing another.
func TestListsAreApart(t *testing.T) {
	for n := range 12 {
		list := strings.TrimSuffix(strings.Repeat("1,", n), ",")
		got := object(t, `{"a":[`+list+`],"b":[`+list+`]}`)
		a := got["a"].([]any)
		a = append(a, "x")
		for i := range a {
			a[i] = "y"
		}
		if b := got["b"].([]any); len(b) != n || n > 0 && !reflect.DeepEqual(b[n-1], json.Number("1")) {
			t.Errorf("%d elements: got %v", n, b)
		}
	}
}

// What was learned of earlier requests is not made again: an object is then its map
// alone, which is made for as many members as came the last time.
func TestWhatIsKnownCostsNothing(t *testing.T) {
	plan := compile[one[any]](t)
	var many []string
	for i := range 200 {
		many = append(many, fmt.Sprintf(`"key %d":true`, i))
	}
	record := `{` + strings.Join(many[:12], ",") + `}`
	list := []byte(`{"list":[` + strings.Repeat(record+",", 200) + `1]}`)
	some, inside := []byte(`{"some key":true,"other key":null}`), []byte(`{"v":{"one key":true,"next key":null}}`)
	all := `{` + strings.Join(many, ",") + `}`
	for name, tc := range map[string]struct {
		decode func() error
		most   float64
	}{
		"object":  {func() error { _, err := decode.Object(some); return err }, 2},
		"typed":   {func() error { _, err := plan.Decode(inside, new(one[any])); return err }, 3},
		"records": {func() error { _, err := decode.Object(list); return err }, 4*200 + 30},
	} {
		t.Run(name, func(t *testing.T) {
			for range 5 { // others before it, of which none may be the last that learns
				object(t, all)
			}
			got := 1e9 // what is pooled is now and then not there: the fewest count
			for range 100 {
				got = min(got, testing.AllocsPerRun(1, func() {
					if err := tc.decode(); err != nil {
						t.Fatal(err)
					}
				}))
			}
			if got > tc.most {
				t.Errorf("got %v allocations, want at most %v", got, tc.most)
			}
		})
	}
}
