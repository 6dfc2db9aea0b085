package jsongen

import (
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"time"
)

// Gen generates types, values and documents from the random numbers of Rand.
type Gen struct {
	*rand.Rand

	// Requests excludes what the type of a request must not have: interfaces with
	// methods, and two fields of one name in one struct.
	Requests bool
}

// New returns a Gen with the given seed.
func New(seed uint64, requests bool) *Gen {
	return &Gen{Rand: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)), Requests: requests}
}

// Type returns a struct type.
func (g *Gen) Type() reflect.Type { return g.structOf(3) }

// one reports true with a probability of 1/n.
func (g *Gen) one(n int) bool { return g.IntN(n) == 0 }

// pick returns a random element.
func pick[T any](g *Gen, from []T) T { return from[g.IntN(len(from))] }

var scalars = []reflect.Type{
	reflect.TypeFor[bool](), reflect.TypeFor[string](), reflect.TypeFor[string](), reflect.TypeFor[int](),
	reflect.TypeFor[int8](), reflect.TypeFor[int16](), reflect.TypeFor[int32](), reflect.TypeFor[int64](),
	reflect.TypeFor[uint](), reflect.TypeFor[uint8](), reflect.TypeFor[uint16](), reflect.TypeFor[uint32](),
	reflect.TypeFor[uint64](), reflect.TypeFor[uintptr](), reflect.TypeFor[float32](), reflect.TypeFor[float64](),
}

var specials = []reflect.Type{
	reflect.TypeFor[any](), reflect.TypeFor[any](), reflect.TypeFor[json.Number](), reflect.TypeFor[json.RawMessage](),
	reflect.TypeFor[map[string]any](), reflect.TypeFor[[]any](), reflect.TypeFor[[]byte](), reflect.TypeFor[time.Time](),
	reflect.TypeFor[time.Duration](), reflect.TypeFor[big.Int](), reflect.TypeFor[*big.Int](), reflect.TypeFor[netip.Addr](),
	reflect.TypeFor[Text](), reflect.TypeFor[Number](), reflect.TypeFor[Byte](), reflect.TypeFor[List](), reflect.TypeFor[Map](),
	reflect.TypeFor[Object](), reflect.TypeFor[Tree](), reflect.TypeFor[Embeds](), reflect.TypeFor[Empty](),
	reflect.TypeFor[Color](), reflect.TypeFor[Level](), reflect.TypeFor[Code](), reflect.TypeFor[Word](), reflect.TypeFor[Point](),
	reflect.TypeFor[Octet](), reflect.TypeFor[Bag](), reflect.TypeFor[Either](), reflect.TypeFor[Wrapped](),
}

var interfaces = []reflect.Type{
	reflect.TypeFor[error](), reflect.TypeFor[json.Marshaler](), reflect.TypeFor[fmt.Stringer](),
}

var keys = []reflect.Type{
	reflect.TypeFor[string](), reflect.TypeFor[string](), reflect.TypeFor[Text](), reflect.TypeFor[int](), reflect.TypeFor[int8](),
	reflect.TypeFor[uint16](), reflect.TypeFor[uint64](), reflect.TypeFor[Color](), reflect.TypeFor[Level](), reflect.TypeFor[netip.Addr](),
	reflect.TypeFor[Word](), reflect.TypeFor[Either](), reflect.TypeFor[Octet](),
}

// of returns a type with at most depth levels in it.
func (g *Gen) of(depth int) reflect.Type {
	switch n := g.IntN(20); {
	case n < 9 || depth <= 0 && n < 14:
		return pick(g, scalars)
	case n == 9 && !g.Requests:
		return pick(g, interfaces)
	case n < 14 || depth <= 0:
		return pick(g, specials)
	case n < 16:
		return g.structOf(depth - 1)
	case n == 16:
		return reflect.PointerTo(g.of(depth - 1))
	case n == 17:
		return reflect.SliceOf(g.of(depth - 1))
	case n == 18:
		return reflect.ArrayOf(g.IntN(4), g.of(depth-1))
	default:
		return reflect.MapOf(pick(g, keys), g.of(depth-1))
	}
}

func (g *Gen) structOf(depth int) reflect.Type {
	n := g.IntN(6)
	switch {
	case g.one(20):
		n = 9 + g.IntN(4)
	case g.one(2000):
		n = 130
	}
	var fields []reflect.StructField
	var names []string
	for i := range n {
		field := reflect.StructField{Name: fmt.Sprint(pick(g, []string{"F", "Field", "Ü"}), i)}
		if g.one(10) {
			field = g.embedded()
			if slices.ContainsFunc(fields, func(f reflect.StructField) bool { return f.Name == field.Name }) {
				continue
			}
		} else {
			field.Type = g.of(depth)
		}
		name := g.name(field.Name)
		if slices.Contains(names, name) && (g.Requests || !g.one(4)) {
			continue
		}
		names = append(names, name)
		if name != field.Name || g.one(3) {
			field.Tag = g.tag(name, field.Name)
		}
		fields = append(fields, field)
	}
	return reflect.StructOf(fields)
}

var embeddable = []reflect.Type{
	reflect.TypeFor[Object](), reflect.TypeFor[*Object](), reflect.TypeFor[Embeds](), reflect.TypeFor[*Embeds](),
	reflect.TypeFor[Inner](), reflect.TypeFor[*Inner](), reflect.TypeFor[Text](), reflect.TypeFor[List](),
}

func (g *Gen) embedded() reflect.StructField {
	t := pick(g, embeddable)
	name := t.Name()
	if t.Kind() == reflect.Pointer {
		name = t.Elem().Name()
	}
	return reflect.StructField{Name: name, Type: t, Anonymous: true}
}

var fieldNames = []string{
	"a", "b", "c", "id", "name", "value", "x", "long_name_of_a_field", "Upper", "camelCase", "inner", "same", "k", "s",
	"-", "<&>", "a b", "é", "日本", "Ǆ", "ß", "0", "a.b", "[0]", "!", "$ref",
}

// name returns a JSON name for a field, sometimes its Go name.
func (g *Gen) name(goName string) string {
	if g.one(6) {
		return goName
	}
	return pick(g, fieldNames)
}

var options = []string{",omitempty", ",omitzero", ",string", ",string", ",omitempty,string", ",unknown", ",omitempty,omitzero"}

func (g *Gen) tag(name, goName string) reflect.StructTag {
	switch {
	case g.one(60):
		return `json:"-"`
	case g.one(60):
		return `json:"not\\valid"`
	}
	if name == goName {
		name = ""
	}
	option := ""
	switch {
	case name == "-":
		option = "," // without it, the field is none
	case g.one(2):
		option = pick(g, options)
	}
	return reflect.StructTag(fmt.Sprintf("json:%q", name+option))
}
