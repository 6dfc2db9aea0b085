package jsongen

import (
	"encoding/json"
	"math"
	"math/big"
	"net/netip"
	"reflect"
	"strings"
	"time"
)

// Value returns an addressable value of type t.
func (g *Gen) Value(t reflect.Type) reflect.Value {
	v := reflect.New(t).Elem()
	g.fill(v, 5)
	return v
}

// fill sets v, which must be zero, to a value with at most depth levels. It leaves some
// values zero.
func (g *Gen) fill(v reflect.Value, depth int) {
	if depth < 0 || g.one(12) || g.special(v) {
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(g.Uint64()) >> g.IntN(64))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		v.SetUint(g.Uint64() >> g.IntN(64))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(g.float(v.Kind() == reflect.Float32))
	case reflect.String:
		v.SetString(g.text())
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		g.fill(v.Elem(), depth-1)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), g.IntN(4), 4))
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			g.fill(v.Index(i), depth-1)
		}
	case reflect.Map:
		g.fillMap(v, depth)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				g.fill(v.Field(i), depth-1)
			}
		}
	case reflect.Interface:
		g.fillInterface(v, depth)
	}
}

func (g *Gen) fillMap(v reflect.Value, depth int) {
	v.Set(reflect.MakeMap(v.Type()))
	for range g.IntN(4) {
		key := reflect.New(v.Type().Key()).Elem()
		elem := reflect.New(v.Type().Elem()).Elem()
		g.fill(key, 1)
		g.fill(elem, depth-1)
		v.SetMapIndex(key, elem)
	}
}

var dynamic = append([]reflect.Type{
	reflect.TypeFor[*Point](), reflect.TypeFor[*Object](), reflect.TypeFor[*Color](), reflect.TypeFor[*Either](), reflect.TypeFor[map[string]string](),
	reflect.TypeFor[[]string](), reflect.TypeFor[**int](), reflect.TypeFor[map[Level]any](), reflect.TypeFor[*any](), reflect.TypeFor[[2]Word](),
}, append(specials, scalars...)...)

func (g *Gen) fillInterface(v reflect.Value, depth int) {
	for range 10 {
		t := pick(g, dynamic)
		if !t.AssignableTo(v.Type()) {
			continue
		}
		value := reflect.New(t).Elem()
		g.fill(value, depth-1)
		if value.Kind() != reflect.Interface {
			v.Set(value)
		}
		return
	}
}

// special sets v if its type does not allow every value of its kind, and reports whether
// it does so.
func (g *Gen) special(v reflect.Value) bool {
	switch p := v.Addr().Interface().(type) {
	case *json.Number:
		*p = json.Number(g.numberText())
		if g.one(30) {
			*p = json.Number(pick(g, []string{"1.", "x", "01", "+1", "1e", " 1", "NaN", "-", "0x1"}))
		}
	case *json.RawMessage:
		*p = json.RawMessage(g.anyText(2))
		if g.one(30) {
			*p = json.RawMessage(pick(g, []string{"{", "", "nul", "[1,]", "1 2", `{"a":"<&>` + "\u2028" + `"}`, "\"\xff\""}))
		}
	case *time.Time:
		*p = time.Unix(int64(g.IntN(4e9)), int64(g.IntN(1e9))).In(time.FixedZone("", 1800*(g.IntN(24)-12)))
	case *big.Int:
		p.SetString(strings.Trim("1234567890123456789012345678901234567890"[:1+g.IntN(39)], " "), 10)
	case *netip.Addr:
		*p = netip.AddrFrom4([4]byte{byte(g.Uint32()), 0, 0, 1})
	case *Color:
		p.name = g.text()
		if g.one(30) {
			p.name = "refused"
		}
	case *Code:
		*p = Code(g.anyText(2))
		if g.one(30) {
			*p = Code(pick(g, []string{"", "{", "[1 2]", "tru", "\"\xff\""}))
		}
	case *Point:
		p.x, p.y = g.IntN(100)-50, g.IntN(100)
	case *Either:
		p.text = g.text()
	default:
		return false
	}
	return true
}

func (g *Gen) float(short bool) float64 {
	switch n := g.IntN(40); {
	case n < 10:
		return float64(g.IntN(2000) - 1000)
	case n < 20:
		return float64(g.IntN(1e6)) / 1000
	case n < 30:
		return (g.Float64() - 0.5) * math.Pow10(g.IntN(60)-30)
	case n == 30:
		return pick(g, []float64{1e21, 1e20, 1e-6, 1e-7, 9.999999e-7, math.Copysign(0, -1), 1e22, 1 << 53, 5e-324, math.MaxFloat64, math.MaxFloat32})
	case n == 31 && g.one(4):
		return pick(g, []float64{math.NaN(), math.Inf(1), math.Inf(-1)})
	case short:
		return float64(math.Float32frombits(g.Uint32() &^ (1 << 30)))
	default:
		return math.Float64frombits(g.Uint64() &^ (1 << 62))
	}
}

var pieces = []string{
	"a", "b", "word", " ", "longer than eight bytes", "é", "日本語", "😀", "\"", "\\", "/", "<", ">", "&", "\u2028", "\u2029",
	"\x00", "\x01", "\b", "\f", "\n", "\r", "\t", "\x1f", "\x7f", "\u0080", "\ufffd", "\ufeff", "'", "{", "}", "null", "1", "refused", "level 3",
}

func (g *Gen) text() string {
	var b strings.Builder
	for range g.IntN(6) {
		b.WriteString(pick(g, pieces))
	}
	if g.one(40) {
		b.WriteString(pick(g, []string{"\xff", "\xc3", "\xed\xa0\x80", "\xf0\x9f", "\xc0\x80", "\xf4\x90\x80\x80"}))
		b.WriteString(pick(g, pieces))
	}
	if g.one(30) {
		return strings.Repeat(b.String(), 20)
	}
	return b.String()
}
