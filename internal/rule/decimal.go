package rule

import (
	"math"
	"strconv"
	"strings"
)

// Decimal is the exact value of a number's text, however long it is: 0.1 is a tenth,
// and 1e400 is no infinity. The zero Decimal is 0. All that is done with a Decimal
// takes time linear in the length of its text, whatever its exponent is.
//
// The value is 0.DIGITS × 10^exp. The first and the last digit are not 0, so that
// equal numbers have equal Decimals. Exponents beyond ±10^15 are cut to that.
type Decimal struct {
	negative bool
	digits   string
	exp      int64
}

const maxExp = 1_000_000_000_000_000

// ParseDecimal parses a JSON number (RFC 8259: no plus sign, no leading zero, digits
// on both sides of a point). It reports false if the text is none.
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

// FromInt returns the Decimal of an integer.
func FromInt(v int64) Decimal {
	d, _ := ParseDecimal(strconv.FormatInt(v, 10))
	return d
}

// FromUint returns the Decimal of an unsigned integer.
func FromUint(v uint64) Decimal {
	d, _ := ParseDecimal(strconv.FormatUint(v, 10))
	return d
}

// FromFloat returns the shortest decimal that is parsed to the float v of 32 or 64
// bits: that of 0.1 is a tenth. It reports false for infinities and NaN.
func FromFloat(v float64, bits int) (Decimal, bool) {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return Decimal{}, false
	}
	return ParseDecimal(strconv.FormatFloat(v, 'e', -1, bits))
}

// Compare returns -1, 0 or 1 if d is less than, equal to or greater than other.
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

// String returns a text that is the same for equal numbers, and only for these: that
// of 12.5 and 12.50 is 0.125e2.
func (d Decimal) String() string {
	text := "0." + d.digits + "e" + strconv.FormatInt(d.exp, 10)
	if d.negative {
		return "-" + text
	}
	return text
}

// whole returns the integer part of |d|, whether a fraction follows it, and
// whether the integer part fits.
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

// scanNumber returns the end of the JSON number that text begins with, 0 if there is
// none, and the places of its point and its exponent's letter, -1 if there is none.
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
