package fields_test

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/apiphant/apiphant/internal/fields"
)

type held struct{ fields.Field }

// own has every field and takes every struct that is embedded for one of its own.
func own(s held) (own, embedded []held, _ error) {
	for i := range s.Type.NumField() {
		sf := s.Type.Field(i)
		name, _ := fields.Tag(sf.Tag.Get("json"))
		f := held{fields.Field{Name: cmp.Or(name, sf.Name), Named: name != "", Index: append(slices.Clip(s.Index), i), Type: fields.Deref(sf.Type)}}
		if sf.Anonymous && name == "" {
			embedded = append(embedded, f)
		} else {
			own = append(own, f)
		}
	}
	return own, embedded, nil
}

type (
	inner  struct{ A, Deep int }
	Twice  struct{ T int }
	left   struct{ Twice }
	right  struct{ Twice }
	tagged struct {
		N int `json:"named"`
	}
	other    struct{ Name int }
	untagged struct {
		Named int
		Name  int
	}
)

func TestPromote(t *testing.T) {
	tests := []struct {
		name           string
		of             any
		fields, hidden []string
	}{
		{"in the struct's order", struct {
			Z int
			*inner
			A int
		}{}, []string{"Z[0]", "Deep[1 1]", "A[2]"}, []string{"A[1 0]"}},
		{"one has the name from its tag", struct {
			X int
			Y int `json:"X"`
		}{}, []string{"X[1]"}, []string{"X[0]"}},
		{"two of one name at a level", struct {
			other
			untagged
		}{}, []string{"Named[1 0]"}, []string{"Name[0 0]", "Name[1 1]"}},
		{"one struct twice at a level", struct {
			left
			right
			B int
		}{}, []string{"B[2]"}, []string{"T[0 0 0]", "T[0 0 0]"}},
		{"two structs with other fields", struct {
			tagged
			untagged
		}{}, []string{"named[0 0]", "Named[1 0]", "Name[1 1]"}, nil},
	}
	for _, tt := range tests {
		got, hidden, err := fields.Promote(held{fields.Field{Type: reflect.TypeOf(tt.of)}}, own)
		if err != nil || !slices.Equal(names(got), tt.fields) || !slices.Equal(names(hidden), tt.hidden) {
			t.Errorf("%s: got %v, hidden %v, %v; want %v, hidden %v", tt.name, names(got), names(hidden), err, tt.fields, tt.hidden)
		}
	}
}

func names(all []held) (names []string) {
	for _, f := range all {
		names = append(names, fmt.Sprint(f.Name, f.Index))
	}
	return names
}

func TestTag(t *testing.T) {
	for tag, want := range map[string]string{"": "", "a": "a", "a,omitempty": "a", ",string": "", "-,": "-", "ü 1/2": "ü 1/2", `a"b`: "", "a\\b": "", "\xff": ""} {
		if got, _ := fields.Tag(tag); got != want {
			t.Errorf("%q: got %q, want %q", tag, got, want)
		}
	}
	if _, options := fields.Tag("a,omitempty,string"); !slices.Equal(options, []string{"omitempty", "string"}) {
		t.Errorf("got %q", options)
	}
}
