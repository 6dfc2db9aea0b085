package encode_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/apiphant/apiphant/internal/encode"
)

// TestShapes encodes objects one after the other with one encoder, in lists and
// alone: what it remembers of the earlier ones must not be seen in the later.
func TestShapes(t *testing.T) {
	for name, shapes := range map[string][][]string{
		"the same again":             {{"a", "b", "c"}},
		"in another order":           {{"a", "b", "c"}, {"c", "a", "b"}, {"b", "c", "a"}},
		"as many others":             {{"a", "b"}, {"a", "c"}, {"c", "d"}, {"b", "a"}},
		"keys as long":               {{"name", "city"}, {"name", "mail"}, {"nbme", "city"}},
		"the first and last as ever": {{"a1x", "a2x"}, {"a1x", "a3x"}, {"a2x", "a3x"}},
		"one more":                   {{"a"}, {"a", "b"}, {"a", "b", "c"}, {}},
		"sixteen more":               {many(3), many(19), many(3)},
		"keys to escape":             {{"<&>", "\"", "\\", "\x00", "é", "\u2028", "\xff"}, {"<&>", "'", "\\", "\x00", "é", "\u2028", "\xff"}},
		"keys that become the same":  {{"\xff", "\xfe", "\ufffd"}, {"\xff", "\xfd", "\ufffd"}},
		"the empty key":              {{""}, {"a"}, {"", "a"}, {"", "b"}},
		"as many as are remembered":  {many(32), many(33), many(31)},
		"keys that are long":         {{strings.Repeat("k", 64)}, {strings.Repeat("k", 65)}, {strings.Repeat("k", 64)}},
	} {
		var b bytes.Buffer
		encoder := encode.NewEncoder(&b)
		random := rand.New(rand.NewPCG(1, 2))
		for round := range 120 {
			keys := slices.Clone(shapes[random.IntN(len(shapes))])
			if round < 100 {
				keys = slices.Clone(shapes[round/20%len(shapes)]) // so that each is remembered
			}
			random.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
			object := map[string]any{}
			for _, key := range keys {
				object[key] = round
			}
			inside := maps.Clone(object)
			inside[slices.Max(append(keys, ""))] = maps.Clone(object)
			for _, v := range []any{object, []any{object, object, inside, object}, inside} {
				b.Reset()
				if err := encoder.Encode(v); err != nil {
					t.Fatal(err)
				}
				if want := standard(t, v); b.String() != want {
					t.Fatalf("%s, round %d:\n got %s\nwant %s", name, round, b.String(), want)
				}
			}
		}
	}
}

func many(n int) (keys []string) {
	for i := range n {
		keys = append(keys, fmt.Sprint("key ", i))
	}
	return keys
}

func standard(t *testing.T, v any) string {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestShapesAreFew: keys may come from anyone, and what is remembered of them has a
// bound, and is not part of a larger text.
func TestShapesAreFew(t *testing.T) {
	var b bytes.Buffer
	encoder := encode.NewEncoder(&b)
	for i := range 1000 {
		object := map[string]any{}
		for j := range 1 + i%40 {
			object[strings.Repeat("k", i%70)+fmt.Sprint(i/7, "_", j)] = nil
		}
		for range 20 {
			if err := encoder.Encode([]any{object, []any{object}}); err != nil {
				t.Fatal(err)
			}
			b.Reset()
		}
	}
	large := map[string]any{}
	for i := range 100_000 {
		large[fmt.Sprint(i)] = nil
	}
	if err := encoder.Encode(large); err != nil {
		t.Fatal(err)
	}
	shapes, keys, longest, members := encode.Remembered(encoder)
	if shapes > 32 || keys > 32 || longest > 64 || members > 4096 {
		t.Errorf("got %d shapes of up to %d keys of up to %d bytes, and room for %d members: want fewer", shapes, keys, longest, members)
	}
}

// TestNothingIsKept of the values that were written, nor of those that were not.
func TestNothingIsKept(t *testing.T) {
	var b bytes.Buffer
	encoder := encode.NewEncoder(&b)
	secret := map[string]any{"a": "secret", "b": map[string]any{"c": "secret", "d": []any{map[string]any{"e": "secret"}}}}
	for name, object := range map[string]any{
		"written":  secret,
		"refused":  map[string]any{"x": secret, "y": json.Number("x")},
		"panicked": map[string]any{"x": secret, "y": panics{}},
	} {
		for range 4 { // the shape is remembered, too
			func() {
				defer func() { _ = recover() }()
				_ = encoder.Encode(object)
			}()
			if kept := encode.Kept(encoder); kept > 0 {
				t.Errorf("%s: %d members are kept", name, kept)
			}
		}
	}
}
