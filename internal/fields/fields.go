// Package fields finds the fields that a struct has in JSON, those of embedded
// structs included, by the rules of encoding/json.
package fields

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"unicode"
)

// Field is one of a struct, or of a struct embedded in it, or such a struct itself.
// What else is to be known of it has it embedded.
type Field struct {
	Name  string
	Named bool         // by its tag
	Index []int        // as of reflect.StructField
	Type  reflect.Type // where a pointer is embedded, of the struct that it points to
}

func (f *Field) field() *Field { return f }

// holder is what has a Field embedded.
type holder[H any] interface {
	*H
	field() *Field
}

// Promote finds the fields of the struct that root is, in their order: of the fields
// of one name the least nested wins, then the one that has the name from its tag;
// where that leaves two, there is none, and all of that name are hidden. of returns
// the fields of one struct, and the structs embedded in it.
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
				all = append(all, own...) // twice at one level: they annihilate each other
			}
			next = append(next, embedded...)
		}
		level = next
	}
	fields, hidden = dominant[H, P](all)
	return fields, hidden, nil
}

// dominant leaves one field of each name.
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
		} else {
			hidden = append(hidden, all[i:end]...)
		}
		i = end
	}
	slices.SortFunc(winners, func(a, b H) int { return slices.Compare(P(&a).field().Index, P(&b).field().Index) })
	return winners, hidden
}

// wins tells whether f is before another of its name by more than its place.
func (f *Field) wins(other *Field) bool {
	return len(f.Index) != len(other.Index) || f.Named != other.Named
}

func (f *Field) rank() int {
	if f.Named {
		return 0
	}
	return 1
}

// Tag takes a json tag apart. The name is empty where it has none that
// encoding/json takes.
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

// CanQuote tells whether the option ",string" does anything for a type.
func CanQuote(t reflect.Type) bool {
	t = Deref(t)
	return t.Kind() == reflect.String || t.Kind() <= reflect.Float64
}

// Deref returns what a pointer type without a name points to, and other types as
// they are.
func Deref(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer && t.Name() == "" {
		return t.Elem()
	}
	return t
}
