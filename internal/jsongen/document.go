package jsongen

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Document returns a JSON document for type t. About half of them fit the type. In the
// others some values do not, or the document is not JSON at all.
func (g *Gen) Document(t reflect.Type) []byte {
	w := writer{Gen: g}
	w.noise = pick(g, []int{0, 0, 60, 20})
	w.value(t, 5)
	doc := w.out
	if g.one(20) {
		doc = g.damage(doc)
	}
	return doc
}

// damage replaces a few bytes of doc, and sometimes cuts it off.
func (g *Gen) damage(doc []byte) []byte {
	for range 1 + g.IntN(2) {
		at := g.IntN(len(doc) + 1)
		end := min(len(doc), at+g.IntN(3))
		with := pick(g, []string{"", "", " ", ",", ":", "\"", "{", "}", "[", "]", "0", "-", ".", "e", "\\", "\\u", "\x00", "\x1f", "\xff", "\xed\xa0\x80", "null", "é", "\u00a0", "/", "\v"})
		doc = slices.Concat(doc[:at], []byte(with), doc[end:])
	}
	if g.one(10) {
		doc = doc[:g.IntN(len(doc)+1)]
	}
	return doc
}

// writer writes one document.
type writer struct {
	*Gen
	out   []byte
	noise int // about one in noise values does not fit; 0: all fit
}

// odd reports whether the next thing shall not fit the type.
func (w *writer) odd() bool { return w.noise > 0 && w.one(w.noise) }

// raw writes text, and sometimes white space after it.
func (w *writer) raw(text string) {
	w.out = append(w.out, text...)
	if w.noise > 0 && w.one(10) {
		w.out = append(w.out, pick(w.Gen, []string{" ", "\n", "\t\r ", "  "})...)
	}
}

// value writes a value for t with at most depth levels in it.
func (w *writer) value(t reflect.Type, depth int) {
	switch {
	case w.odd():
		w.out = append(w.out, w.anyText(2)...)
		return
	case w.odd():
		w.raw("null")
		return
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if text := w.textOf(t); text != nil {
		w.raw(pick(w.Gen, text))
		return
	}
	switch t.Kind() {
	case reflect.Bool:
		w.raw(pick(w.Gen, []string{"true", "false"}))
	case reflect.String:
		w.raw(w.quote(w.text()))
	case reflect.Float32, reflect.Float64:
		w.raw(w.numberText())
	case reflect.Slice, reflect.Array:
		w.list(t, depth)
	case reflect.Map:
		w.mapping(t, depth)
	case reflect.Struct:
		w.object(t, depth)
	case reflect.Interface:
		w.raw(w.anyText(min(depth, 3)))
	default:
		w.raw(w.integer(t))
	}
}

// textOf returns JSON values to choose from for a type that its kind does not describe,
// such as one with UnmarshalJSON. It returns nil for other types.
func (w *writer) textOf(t reflect.Type) []string {
	switch t.String() {
	case "json.Number":
		if w.noise > 0 && w.one(8) {
			return []string{w.quote(w.numberText())}
		}
		return []string{w.numberText()}
	case "json.RawMessage", "jsongen.Code", "jsongen.Bag", "jsongen.Either":
		return []string{w.anyText(2)}
	case "[]uint8":
		return []string{`""`, `"AAEC"`, `"/+8="`, `"YQ=="`, `"Y\u0051=="`}
	case "time.Time":
		return []string{`"2026-11-21T07:24:47Z"`, `"2026-11-21T07:24:47.123456789+01:00"`, `"1999-02-28T00:00:00-11:30"`}
	case "big.Int":
		return []string{"0", "-17", "123456789012345678901234567890"}
	case "netip.Addr":
		return []string{`"127.0.0.1"`, `"::1"`, `""`}
	case "jsongen.Color", "jsongen.Word", "jsongen.Wrapped":
		return []string{w.quote(w.text())}
	case "jsongen.Level":
		return []string{`"level 3"`, `"level -1"`}
	case "jsongen.Octet":
		return []string{`"3"`, `"255"`}
	case "jsongen.Point":
		return []string{"[1,2]", "[ 3 , -4 ]"}
	default:
		return nil
	}
}

func (w *writer) integer(t reflect.Type) string {
	size := 8 * int(t.Size())
	unsigned := t.Kind() >= reflect.Uint
	if w.odd() { // near a limit of the type, or beyond it
		edge := uint64(1)<<(size-1) - 2 + uint64(w.IntN(4))
		if unsigned {
			if size == 64 && w.one(2) {
				return pick(w.Gen, []string{"18446744073709551615", "18446744073709551616", "19999999999999999999", "99999999999999999999"})
			}
			return strconv.FormatUint(edge*2, 10) + pick(w.Gen, []string{"", "", "0", ".0", "e0"})
		}
		return pick(w.Gen, []string{"", "-"}) + strconv.FormatUint(edge, 10)
	}
	n := w.Uint64() >> (64 - size + 1 + w.IntN(size-1))
	if !unsigned && w.one(2) {
		return "-" + strconv.FormatUint(n, 10)
	}
	return strconv.FormatUint(n, 10)
}

func (w *writer) list(t reflect.Type, depth int) {
	n := w.IntN(4)
	if t.Kind() == reflect.Array {
		n = t.Len()
		if w.odd() {
			n += w.IntN(3) - 1
		}
	}
	if depth <= 0 {
		n = 0
	}
	w.raw("[")
	for i := range n {
		if i > 0 {
			w.raw(",")
		}
		w.value(t.Elem(), depth-1)
	}
	w.raw("]")
}

func (w *writer) mapping(t reflect.Type, depth int) {
	w.raw("{")
	n := 0
	if depth > 0 {
		n = w.IntN(4)
	}
	for i := range n {
		if i > 0 {
			w.raw(",")
		}
		w.member(w.mapKey(t.Key()), t.Elem(), depth)
	}
	w.raw("}")
}

func (w *writer) mapKey(t reflect.Type) string {
	switch {
	case w.odd():
		return w.text()
	case t.Kind() == reflect.Int || t.Kind() == reflect.Int8:
		if t.Name() == "Level" {
			return fmt.Sprint("level ", w.IntN(3))
		}
		return pick(w.Gen, []string{"", "", "", "-", "0"}) + strconv.Itoa(w.IntN(5))
	case t.Kind() == reflect.Uint16 || t.Kind() == reflect.Uint64:
		return strconv.Itoa(w.IntN(5))
	case t.String() == "netip.Addr":
		return fmt.Sprint("::", w.IntN(5))
	default:
		return pick(w.Gen, []string{"a", "b", "A", "key", w.text()})
	}
}

// object writes an object with most of the fields of struct t.
func (w *writer) object(t reflect.Type, depth int) {
	w.raw("{")
	first := true
	var walk func(t reflect.Type, nested int)
	walk = func(t reflect.Type, nested int) {
		for i := range t.NumField() {
			f := t.Field(i)
			ft := f.Type
			if ft.Kind() == reflect.Pointer {
				ft = ft.Elem()
			}
			tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			if f.Anonymous && ft.Kind() == reflect.Struct && tag == "" {
				if nested < 3 {
					walk(ft, nested+1)
				}
				continue
			}
			times := 1
			if w.one(5) || depth <= 0 {
				times = 0
			} else if w.odd() {
				times = 2
			}
			for range times {
				if !first {
					w.raw(",")
				}
				first = false
				name := tag
				if tag == "" || tag == `not\valid` {
					name = f.Name
				}
				w.field(name, f.Type, strings.Contains(options, "string"), depth)
			}
		}
	}
	walk(t, 0)
	if w.odd() {
		if !first {
			w.raw(",")
		}
		w.member(pick(w.Gen, fieldNames), reflect.TypeFor[any](), depth)
	}
	w.raw("}")
}

// field writes the member of a field. quoted says that the field has the option ",string".
func (w *writer) field(name string, t reflect.Type, quoted bool, depth int) {
	if w.odd() {
		name = pick(w.Gen, []string{strings.ToUpper(name), strings.ToLower(name), name + "_", strings.ReplaceAll(name, "s", "ſ"), strings.ReplaceAll(name, "k", "\u212a")})
	}
	elem := t
	if elem.Kind() == reflect.Pointer {
		elem = elem.Elem()
	}
	if !quoted || elem.Kind() > reflect.Float64 && elem.Kind() != reflect.String || w.odd() {
		w.member(name, t, depth)
		return
	}
	inner := writer{Gen: w.Gen, noise: w.noise}
	inner.value(t, 0)
	text := string(inner.out)
	if w.odd() {
		text = pick(w.Gen, []string{" 1", "1 ", "01", "+1", "0x1", "1_0", "null", "tru", "", "\"", "1e5", "inf", "NaN", "-", ".5", "5.", "{}", "\"a\" "})
	}
	w.raw(w.quote(name))
	w.raw(":")
	w.raw(w.quote(text))
}

func (w *writer) member(name string, t reflect.Type, depth int) {
	w.raw(w.quote(name))
	w.raw(":")
	w.value(t, depth-1)
}

// quote returns text as a JSON string, sometimes with more escapes than needed, or with
// an unpaired surrogate.
func (g *Gen) quote(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	all := g.one(10)
	for _, r := range strings.ToValidUTF8(text, "\ufffd") {
		switch {
		case r == '"' || r == '\\' || r == '/' && all:
			b.WriteString("\\" + string(r))
		case r == '\n' && all:
			b.WriteString(`\n`)
		case r == '\b' || r == '\f' || r == '\r' || r == '\t':
			b.WriteString(map[rune]string{'\b': `\b`, '\f': `\f`, '\r': `\r`, '\t': `\t`}[r])
		case r < ' ' || all && r < 0x10000:
			fmt.Fprintf(&b, pick(g, []string{`\u%04x`, `\u%04X`}), r)
		case all:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			b.WriteRune(r)
		}
	}
	if g.one(60) {
		b.WriteString(pick(g, []string{`\ud800`, `\udc00`, `\ud800\ud800`, `\ud83d\u0041`, `\ud83d\n`, `\udead\ud83d\ude00`}))
	}
	b.WriteByte('"')
	return b.String()
}

// numberText returns a JSON number.
func (g *Gen) numberText() string {
	text := strconv.Itoa(g.IntN(100))
	switch g.IntN(8) {
	case 0:
		text = "-" + text
	case 1:
		text += "." + strconv.Itoa(g.IntN(1e6))
	case 2:
		text += pick(g, []string{"e", "E", "e+", "E-"}) + strconv.Itoa(g.IntN(40))
	case 3:
		text = strconv.FormatUint(g.Uint64(), 10)
	case 4:
		text = strconv.FormatFloat(g.float(false), 'g', -1, 64)
		if strings.Trim(text, "-+.e0123456789") != "" {
			text = "-0.0"
		}
	case 5:
		text = pick(g, []string{"0", "-0", "0.0", "1e400", "-1e-400", "1e39", "0.1e1", "123456789.123456789", "9007199254740993", "1.7976931348623159e308", "18446744073709551616", "19999999999999999999", "-9223372036854775809", "0.000000000000001", "999999999999999.9"})
	}
	return text
}

// anyText returns any JSON value of about depth levels, rarely one that nests much deeper.
func (g *Gen) anyText(depth int) string {
	n := g.IntN(10)
	if depth <= 0 {
		n %= 6
	}
	switch {
	case n < 2:
		return g.numberText()
	case n < 4:
		return g.quote(g.text())
	case n < 6:
		return pick(g, []string{"true", "false", "null"})
	case n < 8 && g.one(300):
		n := 55 + g.IntN(15)
		return strings.Repeat(`[`, n) + strings.Repeat(`]`, n)
	}
	open, end := "[", "]"
	if n >= 8 {
		open, end = "{", "}"
	}
	var b strings.Builder
	b.WriteString(open)
	for i := range g.IntN(4) {
		if i > 0 {
			b.WriteString(pick(g, []string{",", ",", ", "}))
		}
		if n >= 8 {
			b.WriteString(g.quote(pick(g, []string{"a", "b", "c", "d", g.text()})) + ":")
		}
		b.WriteString(g.anyText(depth - 1))
	}
	b.WriteString(end)
	return b.String()
}
