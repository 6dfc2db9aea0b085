package decode

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"unsafe"

	"github.com/apiphant/apiphant/internal/fields"
	"github.com/apiphant/apiphant/internal/rule"
)

// value decodes the value at pos, which begins with c, into dst, which must be zero. If
// no problem was found in the value, it then calls the Validate methods.
func (d *decoder) value(n *node, dst unsafe.Pointer, c byte) bool {
	if !n.validates {
		return d.fill(n, dst, c)
	}
	found := d.found
	ok := d.fill(n, dst, c)
	if ok && d.found == found {
		d.validate(n, dst)
	}
	return ok
}

// fill decodes the value at pos, which begins with c, into dst, which must be zero. It
// calls no Validate method of the value itself. If the value has the wrong JSON type, fill
// adds a problem and dst stays zero.
func (d *decoder) fill(n *node, dst unsafe.Pointer, c byte) bool {
	if c == 'n' {
		return d.null(n, dst)
	}
	switch n.kind {
	case fields.KindString:
		if c != '"' {
			return d.mismatch(n)
		}
		raw, escaped, ok := d.scanString()
		if ok {
			*(*string)(dst) = d.text(raw, escaped)
		}
		return ok
	case fields.KindBool:
		switch c {
		case 't':
			*(*bool)(dst) = true
			return d.literal("true")
		case 'f':
			return d.literal("false")
		}
		return d.mismatch(n)
	case fields.KindInt8, fields.KindInt16, fields.KindInt32, fields.KindInt64, fields.KindUint8, fields.KindUint16, fields.KindUint32, fields.KindUint64:
		if c != '-' && c-'0' > 9 {
			return d.mismatch(n)
		}
		return d.integer(n.kind, dst)
	case fields.KindFloat32, fields.KindFloat64:
		if c != '-' && c-'0' > 9 {
			return d.mismatch(n)
		}
		return d.float(n.kind, dst)
	case fields.KindStruct:
		if c != '{' {
			return d.mismatch(n)
		}
		return d.object(n.object, dst)
	case fields.KindSlice:
		if c != '[' {
			return d.mismatch(n)
		}
		return d.list(n, dst)
	case fields.KindPointer:
		// p is stored in dst only after it is filled. Until then, this variable keeps it alive.
		p := reflect.New(n.elem.typ).UnsafePointer()
		ok := d.value(n.elem, p, c)
		*(*unsafe.Pointer)(dst) = p
		return ok
	default:
		return d.fillRare(n, dst, c)
	}
}

// fillRare is fill for the kinds that few fields have.
func (d *decoder) fillRare(n *node, dst unsafe.Pointer, c byte) bool {
	switch n.kind {
	case fields.KindAny:
		v, ok := d.anyValue(c)
		*(*any)(dst) = v
		return ok
	case fields.KindAnyMap:
		if c != '{' {
			return d.mismatch(n)
		}
		m, ok := d.anyObject()
		*(*map[string]any)(dst) = m
		return ok
	case fields.KindNumber:
		if c != '-' && c-'0' > 9 {
			return d.mismatch(n)
		}
		text, ok := d.scanNumber()
		*(*json.Number)(dst) = json.Number(d.copy(text))
		return ok
	case kindRaw:
		raw, ok := d.raw()
		*(*json.RawMessage)(dst) = raw
		return ok
	case fields.KindBytes:
		if c != '"' {
			return d.mismatch(n)
		}
		return d.bytes(dst)
	case fields.KindArray:
		if c != '[' {
			return d.mismatch(n)
		}
		return d.array(n, dst)
	case fields.KindMap:
		if c != '{' {
			return d.mismatch(n)
		}
		return d.mapping(n, dst)
	case fields.KindQuoted:
		if c != '"' {
			return d.mismatch(n)
		}
		return d.quoted(n, dst)
	case fields.KindTime, fields.KindDate, fields.KindDuration:
		if c != '"' {
			return d.mismatch(n)
		}
		return d.time(n, dst)
	case fields.KindNullable:
		*(*byte)(unsafe.Add(dst, n.nullable.State)) = n.nullable.Present
		return d.value(n.elem, unsafe.Add(dst, n.nullable.Value.Offset), c)
	case kindUnmarshalText:
		if c != '"' {
			return d.mismatch(n)
		}
		return d.unmarshalText(n, dst)
	case kindFile:
		return d.mismatch(n)
	default: // kindUnmarshalJSON
		return d.unmarshalJSON(n, dst)
	}
}

// mismatch adds a problem for the value at pos, which has the wrong type, and skips it.
func (d *decoder) mismatch(n *node) bool {
	d.wrongType(n)
	return d.skip()
}

func (d *decoder) null(n *node, dst unsafe.Pointer) bool {
	if !d.literal("null") {
		return false
	}
	switch n.kind {
	case fields.KindAny, fields.KindPointer:
	case fields.KindNullable:
		*(*byte)(unsafe.Add(dst, n.nullable.State)) = n.nullable.Null
	case kindUnmarshalJSON:
		d.own(n, dst, []byte("null"))
	case kindRaw:
		*(*json.RawMessage)(dst) = json.RawMessage("null")
	default:
		d.wrongType(n)
	}
	return true
}

// integer decodes the number at pos. A number with a fraction or an exponent is invalid,
// even 1.0 and 1e0.
func (d *decoder) integer(k fields.Kind, dst unsafe.Pointer) bool {
	data, i := d.data, d.pos
	negative := data[i] == '-'
	if negative {
		i++
	}
	first := i
	v := uint64(0)
	for ; i < len(data); i++ {
		c := data[i] - '0'
		if c > 9 {
			break
		}
		v = v*10 + uint64(c)
	}
	if i == first || data[first] == '0' && i > first+1 {
		return false
	}
	if i < len(data) && (data[i] == '.' || data[i]|0x20 == 'e') {
		d.refuse("type", rule.Integer.String())
		_, ok := d.scanNumber()
		return ok
	}
	d.pos = i
	// Every number of 19 digits fits in v. A number of 20 digits that begins with 1 has
	// overflowed if v is less than 10^19. One that begins with another digit always has.
	fits := i-first < 20 || i-first == 20 && data[first] == '1' && v >= 1e19
	if !fits || !storeInteger(k, dst, v, negative) {
		d.outOfRange(k, negative)
	}
	return true
}

func storeInteger(k fields.Kind, dst unsafe.Pointer, v uint64, negative bool) bool {
	if k >= fields.KindUint8 {
		if negative || v > maxUint[k-fields.KindUint8] {
			return false // also -0, as in encoding/json
		}
		switch k {
		case fields.KindUint8:
			*(*uint8)(dst) = uint8(v)
		case fields.KindUint16:
			*(*uint16)(dst) = uint16(v)
		case fields.KindUint32:
			*(*uint32)(dst) = uint32(v)
		default:
			*(*uint64)(dst) = v
		}
		return true
	}
	most := maxInt[k-fields.KindInt8]
	if negative {
		most++
	}
	if v > most {
		return false
	}
	if negative {
		v = -v
	}
	switch k {
	case fields.KindInt8:
		*(*int8)(dst) = int8(v)
	case fields.KindInt16:
		*(*int16)(dst) = int16(v)
	case fields.KindInt32:
		*(*int32)(dst) = int32(v)
	default:
		*(*int64)(dst) = int64(v)
	}
	return true
}

var (
	maxInt  = [4]uint64{math.MaxInt8, math.MaxInt16, math.MaxInt32, math.MaxInt64}
	maxUint = [4]uint64{math.MaxUint8, math.MaxUint16, math.MaxUint32, math.MaxUint64}
)

func (d *decoder) float(k fields.Kind, dst unsafe.Pointer) bool {
	if k == fields.KindFloat64 && d.shortFloat((*float64)(dst)) {
		return true
	}
	text, ok := d.scanNumber()
	if !ok {
		return false
	}
	size := 64
	if k == fields.KindFloat32 {
		size = 32
	}
	v, err := strconv.ParseFloat(unsafe.String(&text[0], len(text)), size)
	switch {
	case err != nil:
		d.outOfRange(k, text[0] == '-')
	case k == fields.KindFloat32:
		*(*float32)(dst) = float32(v)
	default:
		*(*float64)(dst) = v
	}
	return true
}

// shortFloat decodes the number at pos if it has at most 15 digits and no exponent.
// Otherwise it does nothing and returns false. A float64 holds an integer of 15 digits and
// the power of ten exactly, so that their quotient is the float64 nearest to the number.
// Without this, decoding takes 5 % more instructions at 1 KB
// (go test -bench Typed/1KB ./internal/decode).
func (d *decoder) shortFloat(dst *float64) bool {
	data, i := d.data, d.pos
	negative := data[i] == '-'
	if negative {
		i++
	}
	first, v := i, uint64(0)
	for ; i < len(data) && data[i]-'0' <= 9 && i-first < 16; i++ {
		v = v*10 + uint64(data[i]-'0')
	}
	whole, fraction := i-first, 0
	if i < len(data) && data[i] == '.' {
		i++
		point := i
		for ; i < len(data) && data[i]-'0' <= 9 && i-point < 16; i++ {
			v = v*10 + uint64(data[i]-'0')
		}
		if fraction = i - point; fraction == 0 {
			return false
		}
	}
	if whole == 0 || data[first] == '0' && whole > 1 || whole+fraction > 15 ||
		i < len(data) && data[i]|0x20 == 'e' {
		return false
	}
	d.pos = i
	f := float64(v) / powers[fraction]
	if negative {
		f = -f
	}
	*dst = f
	return true
}

var powers = [16]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// raw skips the value at pos and returns a copy of its JSON.
func (d *decoder) raw() ([]byte, bool) {
	start, ok := d.pos, true
	if d.strict {
		_, ok = d.anyValue(d.peek()) // which reports keys that come more than once
	} else {
		ok = d.skip()
	}
	if !ok {
		return nil, false
	}
	return append([]byte(nil), d.data[start:d.pos]...), true
}

// bytes decodes the string at pos, which is base64, into the []byte at dst.
func (d *decoder) bytes(dst unsafe.Pointer) bool {
	raw, escaped, ok := d.scanString()
	if !ok {
		return false
	}
	raw = d.unescaped(raw, escaped)
	b := make([]byte, base64.StdEncoding.DecodedLen(len(raw)))
	n, err := base64.StdEncoding.Decode(b, raw)
	if err != nil {
		d.refuse("contentEncoding", "base64")
		return true
	}
	*(*[]byte)(dst) = b[:n]
	return true
}

// quoted decodes a scalar in quotes, for the option ",string" of a json tag.
func (d *decoder) quoted(n *node, dst unsafe.Pointer) bool {
	raw, escaped, ok := d.scanString()
	if !ok {
		return false
	}
	inner := decoder{data: []byte(d.text(raw, escaped))}
	if len(inner.data) == 0 || inner.data[0] <= ' ' || inner.data[0] == 'n' || !inner.fill(n.elem, dst, inner.data[0]) ||
		inner.pos != len(inner.data) || inner.found > 0 {
		d.wrongQuoted(n, inner.problems)
	}
	return true
}
