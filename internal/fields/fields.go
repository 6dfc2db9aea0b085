// Package fields has what packages decode and encode both know of Go types: the fields
// that a struct has in JSON by the rules of encoding/json, those of embedded structs
// included, the [Kind] of a type, and how nullable types, slices and interfaces lie in
// memory.
package fields

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"unicode"
)

// Field is a field of a struct or of one of its embedded structs, or such an embedded
// struct itself. A caller of [Promote] embeds it in a type with whatever else it needs.
type Field struct {
	Name  string
	Named bool         // the name comes from the json tag
	Index []int        // see reflect.StructField
	Type  reflect.Type // of an embedded pointer to a struct, the struct
}

func (f *Field) field() *Field { return f }

// holder is a pointer to a type that embeds Field.
type holder[H any] interface {
	*H
	field() *Field
}

// Promote returns the JSON fields of the struct root, in their order, and the hidden ones:
// those that one of the fields takes precedence over, and those of a name that none of
// them takes. The least
// nested field of a name takes precedence, then the one whose name comes from a tag. of
// returns the fields that one struct declares and the structs embedded in it; Promote
// returns its error.
func Promote[H any, P holder[H]](root H, of func(H) (own, embedded []H, err error)) (fields, hidden []H, err error) {
	var all []H
	visited := map[reflect.Type]bool{}
	for level := []H{root}; len(level) > 0; {
		var next []H
		times := map[reflect.Type]int{}
		for i := range level {
			times[P(&level[i]).field().Type]++
		}
		for i := range level {
			t := P(&level[i]).field().Type
			if visited[t] {
				continue
			}
			visited[t] = true
			own, embedded, err := of(level[i])
			if err != nil {
				return nil, nil, err
			}
			all = append(all, own...)
			if times[t] > 1 {
				all = append(all, own...) // the struct is embedded twice at one level: its fields hide each other
			}
			next = append(next, embedded...)
		}
		level = next
	}
	fields, hidden = dominant[H, P](all)
	return fields, hidden, nil
}

// dominant splits all fields into those that take precedence and the hidden ones.
func dominant[H any, P holder[H]](all []H) (winners, hidden []H) {
	slices.SortStableFunc(all, func(a, b H) int {
		x, y := P(&a).field(), P(&b).field()
		return cmp.Or(strings.Compare(x.Name, y.Name), cmp.Compare(len(x.Index), len(y.Index)), cmp.Compare(x.rank(), y.rank()))
	})
	for i := 0; i < len(all); {
		first, end := P(&all[i]).field(), i+1
		for end < len(all) && P(&all[end]).field().Name == first.Name {
			end++
		}
		if end == i+1 || first.wins(P(&all[i+1]).field()) {
			winners = append(winners, all[i])
			i++
		}
		hidden = append(hidden, all[i:end]...)
		i = end
	}
	slices.SortFunc(winners, func(a, b H) int { return slices.Compare(P(&a).field().Index, P(&b).field().Index) })
	return winners, hidden
}

// wins reports whether f takes precedence over other, which has the same name and is not
// before f in the order of precedence.
func (f *Field) wins(other *Field) bool {
	return len(f.Index) != len(other.Index) || f.Named != other.Named
}

func (f *Field) rank() int {
	if f.Named {
		return 0
	}
	return 1
}

// Tag returns the name and the options of a json tag. The name is empty if there is none
// or encoding/json would ignore it.
func Tag(tag string) (name string, options []string) {
	name, rest, _ := strings.Cut(tag, ",")
	if !isName(name) {
		name = ""
	}
	return name, strings.Split(rest, ",")
}

func isName(name string) bool {
	for _, c := range name {
		if !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", c) && !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			return false
		}
	}
	return name != ""
}

// CanQuote reports whether the option ",string" has an effect on fields of type t.
func CanQuote(t reflect.Type) bool {
	t = Deref(t)
	return t.Kind() == reflect.String || t.Kind() <= reflect.Float64
}

// Deref returns the element of an unnamed pointer type, and any other type unchanged.
func Deref(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer && t.Name() == "" {
		return t.Elem()
	}
	return t
}
