package rule

import (
	"math"
	"strconv"
	"strings"
)

// Decimal is a number exactly as its text has it, however long: 0.1 is a tenth
// and 1e400 no infinity. The zero Decimal is 0.
//
// The value is 0.DIGITS × 10^exp, where digits neither begin nor end with a 0,
// so that two equal numbers have equal Decimals. An exponent beyond ±10^15 is
// taken for that: such numbers differ in nothing that matters here.
type Decimal struct {
	negative bool
	digits   string
	exp      int64
}

const maxExp = 1_000_000_000_000_000

// ParseDecimal reads a JSON number (RFC 8259: no plus sign, no leading zero, no
// bare dot). It reports whether the text is one.
func ParseDecimal(text string) (Decimal, bool) {
	end, point, expAt := scanNumber(text)
	if end != len(text) || end == 0 {
		return Decimal{}, false
	}
	var d Decimal
	mantissa := text
	if expAt >= 0 {
		mantissa = text[:expAt]
		d.exp = parseExponent(text[expAt+1:])
	}
	if mantissa[0] == '-' {
		d.negative = true
		mantissa = mantissa[1:]
		point--
	}
	if point >= 0 {
		d.exp += int64(point)
		mantissa = mantissa[:point] + mantissa[point+1:]
	} else {
		d.exp += int64(len(mantissa))
	}
	trimmed := strings.TrimLeft(mantissa, "0")
	d.exp -= int64(len(mantissa) - len(trimmed))
	d.digits = strings.TrimRight(trimmed, "0")
	if d.digits == "" {
		return Decimal{}, true // -0 is 0
	}
	return d, true
}

// FromInt, FromUint and FromFloat make the Decimal of a Go number. A float is
// the shortest decimal that reads back as it: FromFloat(0.1) is a tenth.
func FromInt(v int64) Decimal {
	d, _ := ParseDecimal(strconv.FormatInt(v, 10))
	return d
}

// FromUint is described at [FromInt].
func FromUint(v uint64) Decimal {
	d, _ := ParseDecimal(strconv.FormatUint(v, 10))
	return d
}

// FromFloat is described at [FromInt]. It reports false for an infinity and for
// what is not a number. bits is 32 or 64, the size of the float that v was.
func FromFloat(v float64, bits int) (Decimal, bool) {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return Decimal{}, false
	}
	return ParseDecimal(strconv.FormatFloat(v, 'e', -1, bits))
}

// Compare is -1, 0 or 1 as d is less than, equal to or greater than other.
func (d Decimal) Compare(other Decimal) int {
	a, b := d.sign(), other.sign()
	switch {
	case a != b:
		return compare(int64(a), int64(b))
	case a == 0:
		return 0
	case d.exp != other.exp:
		return a * compare(d.exp, other.exp)
	default:
		return a * strings.Compare(d.digits, other.digits)
	}
}

func (d Decimal) sign() int {
	switch {
	case d.digits == "":
		return 0
	case d.negative:
		return -1
	default:
		return 1
	}
}

// String is a text that only equal numbers share: 12.5 is 0.125e2.
func (d Decimal) String() string {
	text := "0." + d.digits + "e" + strconv.FormatInt(d.exp, 10)
	if d.negative {
		return "-" + text
	}
	return text
}

// whole is the integer part of |d|, whether anything is left behind the point,
// and whether it fits at all.
func (d Decimal) whole() (magnitude uint64, fraction, fits bool) {
	if d.exp <= 0 {
		return 0, d.digits != "", true
	}
	if d.exp > 20 {
		return 0, false, false
	}
	n := int(d.exp)
	digits := d.digits
	if len(digits) > n {
		digits, fraction = digits[:n], true
	} else {
		digits += strings.Repeat("0", n-len(digits))
	}
	magnitude, err := strconv.ParseUint(digits, 10, 64)
	return magnitude, fraction, err == nil
}

func compare(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	default:
		return 0
	}
}

// scanNumber finds the end of the JSON number that text begins with, and where
// its point and its exponent's letter are (or -1). The end is 0 for no number.
func scanNumber(text string) (end, point, exp int) {
	point, exp = -1, -1
	i := 0
	if i < len(text) && text[i] == '-' {
		i++
	}
	first := i
	i = skipDigits(text, i)
	if i == first || text[first] == '0' && i > first+1 {
		return 0, -1, -1
	}
	if i < len(text) && text[i] == '.' {
		point = i
		i = skipDigits(text, i+1)
		if i == point+1 {
			return 0, -1, -1
		}
	}
	if i < len(text) && text[i]|0x20 == 'e' {
		exp = i
		i++
		if i < len(text) && (text[i] == '+' || text[i] == '-') {
			i++
		}
		first = i
		i = skipDigits(text, i)
		if i == first {
			return 0, -1, -1
		}
	}
	return i, point, exp
}

func skipDigits(text string, i int) int {
	for i < len(text) && text[i]-'0' <= 9 {
		i++
	}
	return i
}

func parseExponent(text string) int64 {
	negative := text[0] == '-'
	text = strings.TrimLeft(text, "+-")
	v := int64(0)
	for i := 0; i < len(text) && v < maxExp; i++ {
		v = v*10 + int64(text[i]-'0')
	}
	v = min(v, maxExp)
	if negative {
		return -v
	}
	return v
}
