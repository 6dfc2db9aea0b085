package rule

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"
)

// Bounds are limits of numbers: a least and a greatest value, and a number of which
// all must be multiples. The zero Bounds allow every number. The Add methods must not
// be called after the first check.
//
// Integers and decimals are compared exactly, with all their digits. A float is
// compared with the float that is nearest to the limit.
type Bounds struct {
	limits []limit
	step   *step

	// The limits as integers, for Int and Uint.
	limited    bool // there are limits
	minI, maxI int64
	minU, maxU uint64
	none       bool // no int64 is within the limits
	noneU      bool // no uint64 is
}

type limit struct {
	value     Decimal
	float     float64
	upper     bool
	exclusive bool
}

// AddMin allows only numbers of min or more, or if exclusive only greater ones.
func (b *Bounds) AddMin(min Decimal, exclusive bool) { b.add(min, false, exclusive) }

// AddMax allows only numbers of max or less, or if exclusive only smaller ones.
func (b *Bounds) AddMax(max Decimal, exclusive bool) { b.add(max, true, exclusive) }

// AddMultipleOf allows only multiples of unit, 0 included. The multiples are those of
// the decimal: 0.3 is a multiple of 0.1. It returns an error unless unit is above 0
// and has at most 18 digits.
func (b *Bounds) AddMultipleOf(unit Decimal) error {
	if unit.sign() <= 0 {
		return fmt.Errorf("a multiple of what? the number must be above 0")
	}
	if len(unit.digits) > 18 {
		return fmt.Errorf("at most 18 digits are supported")
	}
	mantissa, err := strconv.ParseUint(unit.digits, 10, 64)
	if err != nil {
		return err
	}
	b.step = &step{mantissa, unit.exp - int64(len(unit.digits))}
	return nil
}

func (b *Bounds) add(value Decimal, upper, exclusive bool) {
	b.limits = append(b.limits, limit{value, value.float(), upper, exclusive})
	if !b.limited {
		b.limited = true
		b.minI, b.maxI, b.minU, b.maxU = math.MinInt64, math.MaxInt64, 0, math.MaxUint64
	}
	if upper {
		b.lowerMax(value, exclusive)
	} else {
		b.raiseMin(value, exclusive)
	}
}

// raiseMin raises minI and minU to the first integer that a lower limit allows.
func (b *Bounds) raiseMin(value Decimal, exclusive bool) {
	magnitude, fraction, fits := value.whole()
	if value.sign() < 0 { // rounding up goes towards 0
		if fits && magnitude <= 1<<63 {
			if exclusive && !fraction {
				magnitude--
			}
			b.minI = max(b.minI, -int64(magnitude-1)-1)
		}
		return
	}
	if fits && (fraction || exclusive) {
		magnitude++
		fits = magnitude != 0
	}
	if !fits {
		b.none, b.noneU = true, true
		return
	}
	b.minU = max(b.minU, magnitude)
	if magnitude > math.MaxInt64 {
		b.none = true
		return
	}
	b.minI = max(b.minI, int64(magnitude))
}

// lowerMax lowers maxI and maxU to the last integer that an upper limit allows.
func (b *Bounds) lowerMax(value Decimal, exclusive bool) {
	magnitude, fraction, fits := value.whole()
	if value.sign() < 0 || value.sign() == 0 && exclusive { // rounding down goes away from 0
		b.noneU = true
		if fits && (fraction || exclusive) {
			magnitude++
			fits = magnitude != 0
		}
		if !fits || magnitude > 1<<63 {
			b.none = true
			return
		}
		b.maxI = min(b.maxI, -int64(magnitude-1)-1)
		return
	}
	if !fits {
		return
	}
	if exclusive && !fraction {
		magnitude--
	}
	b.maxU = min(b.maxU, magnitude)
	if magnitude <= math.MaxInt64 {
		b.maxI = min(b.maxI, int64(magnitude))
	}
}

// LeaveDecimal reports whether any number is between the limits. It does not consider
// multiples, nor do LeaveInt and LeaveUint.
func (b *Bounds) LeaveDecimal() bool {
	for _, low := range b.limits {
		for _, high := range b.limits {
			if low.upper || !high.upper {
				continue
			}
			if c := low.value.Compare(high.value); c > 0 || c == 0 && (low.exclusive || high.exclusive) {
				return false
			}
		}
	}
	return true
}

// LeaveInt reports whether any int64 is between the limits: between 1 and 2 there is
// none.
func (b *Bounds) LeaveInt() bool { return !b.limited || !b.none && b.minI <= b.maxI }

// LeaveUint reports whether any uint64 is between the limits.
func (b *Bounds) LeaveUint() bool { return !b.limited || !b.noneU && b.minU <= b.maxU }

// Int reports whether an integer is allowed.
func (b *Bounds) Int(v int64) bool {
	if b.limited && (b.none || v < b.minI || v > b.maxI) {
		return false
	}
	return b.step == nil || b.step.dividesInt(v)
}

// Uint reports whether an unsigned integer is allowed.
func (b *Bounds) Uint(v uint64) bool {
	if b.limited && (b.noneU || v < b.minU || v > b.maxU) {
		return false
	}
	return b.step == nil || b.step.divides(v)
}

// Float reports whether a float of 32 or 64 bits is allowed. A NaN never is.
func (b *Bounds) Float(v float64, bits int) bool {
	if v != v {
		return false
	}
	for i := range b.limits {
		l := &b.limits[i]
		bound := l.float
		if bits == 32 {
			bound = float64(float32(bound))
		}
		if l.upper && v > bound || !l.upper && v < bound || l.exclusive && v == bound {
			return false
		}
	}
	if b.step == nil {
		return true
	}
	d, ok := FromFloat(v, bits)
	return ok && b.step.dividesDecimal(d)
}

// Decimal reports whether a number is allowed.
func (b *Bounds) Decimal(v Decimal) bool {
	for i := range b.limits {
		l := &b.limits[i]
		c := v.Compare(l.value)
		if l.upper {
			c = -c
		}
		if c < 0 || c == 0 && l.exclusive {
			return false
		}
	}
	return b.step == nil || b.step.dividesDecimal(v)
}

// float returns the nearest float; beyond the largest, an infinity. Up to 15 digits
// and a power of ten up to 10^22 are exact as floats, so that one rounding is left.
func (d Decimal) float() float64 {
	shift := d.exp - int64(len(d.digits))
	if len(d.digits) > 15 || shift < -22 || shift > 22 || d.digits == "" {
		v, _ := strconv.ParseFloat(d.String(), 64)
		return v
	}
	mantissa, _ := strconv.ParseInt(d.digits, 10, 64)
	v := float64(mantissa)
	if shift < 0 {
		v /= powers[-shift]
	} else {
		v *= powers[shift]
	}
	if d.negative {
		return -v
	}
	return v
}

var powers = [23]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

func magnitude(v int64) uint64 {
	if v < 0 {
		return -uint64(v)
	}
	return uint64(v)
}

// step is mantissa × 10^exp, with a mantissa below 10^18 that is no multiple of 10.
type step struct {
	mantissa uint64
	exp      int64
}

func (s *step) dividesInt(v int64) bool { return s.divides(magnitude(v)) }

func (s *step) divides(v uint64) bool {
	if s.exp == 0 {
		return v%s.mantissa == 0
	}
	return s.dividesDecimal(FromUint(v))
}

// dividesDecimal reports whether d = m × 10^e is a multiple of k × 10^f. If e is less
// than f, it is none: the last digit of m is not 0. Otherwise m × 10^(e-f) must be 0
// modulo k, which is computed without large numbers, however large e is.
func (s *step) dividesDecimal(d Decimal) bool {
	if d.digits == "" {
		return true
	}
	shift := d.exp - int64(len(d.digits)) - s.exp
	if shift < 0 {
		return false
	}
	k := s.mantissa
	r := uint64(0)
	for i := 0; i < len(d.digits); i++ {
		r = (r*10 + uint64(d.digits[i]-'0')) % k
	}
	return mulMod(r, powMod(10%k, uint64(shift), k), k) == 0
}

func mulMod(a, b, k uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return bits.Rem64(hi, lo, k)
}

func powMod(base, exp, k uint64) uint64 {
	result := 1 % k
	for ; exp > 0; exp >>= 1 {
		if exp&1 == 1 {
			result = mulMod(result, base, k)
		}
		base = mulMod(base, base, k)
	}
	return result
}
