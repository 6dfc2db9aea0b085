package rule

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"
)

// Bounds says which numbers are allowed: from, to, and multiples of what. The
// zero Bounds allows all. Make it with its Add methods, before its first use.
//
// Numbers are compared exactly: integers as integers, up to the last digit of a
// uint64, and decimal text as text. A float is compared as the float it is.
type Bounds struct {
	limits []limit
	step   *step

	// The limits once more, ready for each kind of number.
	ready      bool
	minI, maxI int64
	minU, maxU uint64
	none       bool // no integer is within the limits
	noneU      bool // no unsigned one
}

type limit struct {
	value     Decimal
	float     float64
	upper     bool
	exclusive bool
}

// AddMin allows only numbers from min on; without min itself where exclusive.
func (b *Bounds) AddMin(min Decimal, exclusive bool) { b.add(min, false, exclusive) }

// AddMax allows only numbers up to max; without max itself where exclusive.
func (b *Bounds) AddMax(max Decimal, exclusive bool) { b.add(max, true, exclusive) }

// AddMultipleOf allows only multiples of unit (0 is one): 0.3 is a multiple of
// 0.1. It returns an error unless unit is above 0 and has at most 18 digits.
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
	if !b.ready {
		b.ready = true
		b.minI, b.maxI, b.minU, b.maxU = math.MinInt64, math.MaxInt64, 0, math.MaxUint64
	}
	if upper {
		b.lowerMax(value, exclusive)
	} else {
		b.raiseMin(value, exclusive)
	}
}

// raiseMin puts the first integer that a lower limit allows into minI and minU.
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

// lowerMax puts the last integer that an upper limit allows into maxI and maxU.
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

// LeaveDecimal reports whether any number is within the limits (of which multiples
// are none).
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

// LeaveInt reports whether any int64 is within the limits: none is between 1 and 2.
func (b *Bounds) LeaveInt() bool { return !b.ready || !b.none && b.minI <= b.maxI }

// LeaveUint reports whether any uint64 is within the limits.
func (b *Bounds) LeaveUint() bool { return !b.ready || !b.noneU && b.minU <= b.maxU }

// Int reports whether an integer is allowed.
func (b *Bounds) Int(v int64) bool {
	if b.ready && (b.none || v < b.minI || v > b.maxI) {
		return false
	}
	return b.step == nil || b.step.dividesInt(v)
}

// Uint reports whether an unsigned integer is allowed.
func (b *Bounds) Uint(v uint64) bool {
	if b.ready && (b.noneU || v < b.minU || v > b.maxU) {
		return false
	}
	return b.step == nil || b.step.divides(v)
}

// Float reports whether a float is allowed. bits is its size, 32 or 64. A NaN
// never is.
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

func (d Decimal) float() float64 {
	v, _ := strconv.ParseFloat(d.String(), 64) // out of range: the infinity that it is beyond
	return v
}

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

// dividesDecimal says whether d = m × 10^e is a multiple of k × 10^f. Where e is
// below f it can't be, since m ends with no 0; else m × 10^(e-f) must be 0 modulo
// k, which needs no large number.
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
