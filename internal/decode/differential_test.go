package decode_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/apiphant/apiphant/internal/decode"
	"github.com/apiphant/apiphant/internal/jsongen"
)

var (
	types     = flag.Int("types", 2500, "how many Go types are tried against encoding/json")
	documents = flag.Int("documents", 4, "how many documents are tried for each")
	seed      = flag.Uint64("seed", 1, "the first seed that they are made of")
)

// TestDifferential decodes random documents into random types, and compares what
// comes of it with what encoding/json makes of it, but for the classes of difference.
func TestDifferential(t *testing.T) {
	counts := tally{}
	for i := range uint64(*types) {
		g := jsongen.New(*seed+i, true)
		typ := g.Type()
		plan, err := decode.Compile(typ, nil)
		if err != nil {
			t.Fatalf("seed %d: %v", *seed+i, err)
		}
		for range *documents {
			body := g.Document(typ)
			if wrong := counts.compare(plan, typ, body); wrong != "" {
				t.Fatalf("seed %d: %s\n%q\n%s", *seed+i, typ, body, wrong)
			}
		}
	}
	t.Logf("%d types, %d documents: %d decoded alike, %d with problems, %d no JSON object; strictly %d refused more",
		*types, *types**documents, counts[decoded], counts[problematic], counts[refused], counts[strictOnly])
	for _, class := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("%7d %s", counts[class], class)
	}
	for _, class := range []string{decoded, problematic, refused, strictOnly, utf8Refused, tooDeep, notObject, letterCase, duplicateKey, nullRefused,
		numberInQuotes, inQuotes, bytesFromList, listForArray} {
		if counts[class] == 0 {
			t.Errorf("there was none of: %s", class)
		}
	}
	if counts[decoded] < *types**documents/3 {
		t.Errorf("only %d documents were decoded, want a third", counts[decoded])
	}
}

// tally counts what came of documents, and the classes of difference in them.
type tally map[string]int

const (
	decoded     = "- decoded alike"
	problematic = "- with problems"
	refused     = "- no JSON object"
	strictOnly  = "- refused where strict"
)

// compare decodes a body, and says what differs from what was expected.
func (c tally) compare(plan *decode.Plan, typ reflect.Type, body []byte) (wrong string) {
	sent := bytes.Clone(body)
	want := expect(typ, body)
	for class, is := range want.classes {
		if is {
			c[class]++
		}
	}
	got, strict := reflect.New(typ), reflect.New(typ)
	problems, err := plan.Decode(body, got.Interface())
	more, strictErr := plan.Strict().Decode(body, strict.Interface())
	if !bytes.Equal(body, sent) {
		return "the body was written to"
	}
	clear(body) // nothing may point into it
	defer copy(body, sent)
	if (err == nil) != want.accepted || (strictErr == nil) != want.accepted {
		return fmt.Sprintf("got %v and strictly %v, want accepted: %v", err, strictErr, want.accepted)
	}
	if err != nil {
		c[refused]++
		return ""
	}
	for _, p := range problems {
		if p.State != decode.Invalid {
			return fmt.Sprintf("%+v", p)
		}
	}
	expected := reflect.New(typ)
	d := json.NewDecoder(bytes.NewReader(want.body))
	d.UseNumber()
	invalid := want.invalid || d.Decode(expected.Interface()) != nil
	switch {
	case invalid != (problems != nil):
		return fmt.Sprintf("got problems %+v, want some: %v; as encoding/json has it:\n%q", problems, invalid, want.body)
	case (invalid || want.repeats || want.unknown) != (more != nil):
		return fmt.Sprintf("strictly got %+v, want some: %v %v %v", more, invalid, want.repeats, want.unknown)
	case invalid:
		c[problematic]++
		return ""
	case more != nil:
		c[strictOnly]++
	case !reflect.DeepEqual(got.Interface(), strict.Interface()):
		return fmt.Sprintf("got strictly\n%#v, want\n%#v", strict.Elem(), got.Elem())
	}
	if !reflect.DeepEqual(got.Interface(), expected.Interface()) {
		return fmt.Sprintf("got\n%#v, want\n%#v", got.Elem(), expected.Elem())
	}
	c[decoded]++
	return ""
}
