//go:build !stdjson

package encode

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strconv"
)

// appendInt appends n. Numbers below 1,000, which are the most frequent, are written
// here. Without this, encoding takes 7 % more instructions at 1 KB and 15 % more at 100 KB
// (go test -bench 'Typed/(1KB|100KB)' ./internal/encode).
func appendInt(b []byte, n int64) []byte {
	switch u := uint64(n); {
	case u < 10:
		return append(b, '0'+byte(u))
	case u < 100:
		return append(b, '0'+byte(u/10), '0'+byte(u%10))
	case u < 1000:
		return append(b, '0'+byte(u/100), '0'+byte(u/10%10), '0'+byte(u%10))
	default:
		return strconv.AppendInt(b, n, 10)
	}
}

// appendNumber appends n unchanged, or returns an error if n is no JSON number.
func appendNumber(b []byte, n json.Number) ([]byte, error) {
	switch {
	case n == "":
		return append(b, '0'), nil // as encoding/json does
	case !isNumber(string(n)):
		return b, errors.New("json: invalid number literal " + strconv.Quote(string(n)))
	}
	return append(b, n...), nil
}

// isNumber reports whether text is a number by RFC 8259, section 6.
func isNumber(text string) bool {
	i := 0
	if i < len(text) && text[i] == '-' {
		i++
	}
	first := i
	if i = digits(text, i); i == first || text[first] == '0' && i > first+1 {
		return false
	}
	if i < len(text) && text[i] == '.' {
		first = i + 1
		if i = digits(text, first); i == first {
			return false
		}
	}
	if i < len(text) && text[i]|0x20 == 'e' {
		i++
		if i < len(text) && (text[i] == '+' || text[i] == '-') {
			i++
		}
		first = i
		if i = digits(text, first); i == first {
			return false
		}
	}
	return i == len(text)
}

// digits returns the index of the first byte of text, from i on, that is no digit.
func digits(text string, i int) int {
	for i < len(text) && text[i]-'0' <= 9 {
		i++
	}
	return i
}

// appendFloat appends f as encoding/json does, which follows ECMAScript: with an exponent
// below 1e-6 and from 1e21 on. size is 32 or 64, the number of bits of the Go type.
func appendFloat(b []byte, f float64, size int) ([]byte, error) {
	if thousandths := math.Round(f * 1000); math.Abs(thousandths) < 1e15 && thousandths/1000 == f && size == 64 && f != 0 {
		return appendThousandths(b, int64(thousandths)), nil
	}
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return b, &json.UnsupportedValueError{Value: reflect.ValueOf(f), Str: strconv.FormatFloat(f, 'g', -1, 64)}
	}
	abs := math.Abs(f)
	small, large := abs < 1e-6, abs >= 1e21
	if size == 32 {
		small, large = float32(abs) < 1e-6, float32(abs) >= 1e21
	}
	if abs == 0 || !small && !large {
		return strconv.AppendFloat(b, f, 'f', -1, size), nil
	}
	b = strconv.AppendFloat(b, f, 'e', -1, size)
	if n := len(b); n >= 4 && b[n-4] == 'e' && b[n-3] == '-' && b[n-2] == '0' { // e-09 is e-9
		b[n-2] = b[n-1]
		b = b[:n-1]
	}
	return b, nil
}

// appendThousandths appends n/1000. Most floats, prices for instance, have at most three
// decimal places. Without this, encoding takes 33 % more instructions at 1 KB
// (go test -bench Typed/1KB ./internal/encode). It is exact: a number of at most 15 digits
// is the shortest that is read as the float nearest to it, and dividing it by a power of
// ten finds that float.
func appendThousandths(b []byte, n int64) []byte {
	if n < 0 {
		b = append(b, '-')
		n = -n
	}
	b = appendInt(b, n/1000)
	rest := byte(0)
	switch n %= 1000; {
	case n == 0:
		return b
	case n%100 == 0:
		return append(b, '.', '0'+byte(n/100))
	case n%10 != 0:
		rest = '0' + byte(n%10)
	}
	b = append(b, '.', '0'+byte(n/100), '0'+byte(n/10%10))
	if rest != 0 {
		b = append(b, rest)
	}
	return b
}
