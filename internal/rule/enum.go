package rule

import (
	"math"
	"reflect"
	"strconv"
	"time"
)

// enum is a list of allowed values, by their kinds.
type enum struct {
	texts   []string
	numbers []enumNumber
	bools   [2]bool // whether false is allowed, and true
	null    bool
	others  []reflect.Value // lists, objects, times
}

// enumNumber is a number that is allowed, as each kind of Go number that it can be.
type enumNumber struct {
	decimal       Decimal
	int           int64
	uint          uint64
	isInt, isUint bool
	float         float64
	float32       float32
}

// newEnum makes an enum of values as [Equal] compares them.
func newEnum(values []any) *enum {
	e := &enum{}
	for i, value := range values {
		v := Indirect(reflect.ValueOf(value))
		switch kindsOf(v) {
		case numbers:
			if text, ok := NumberText(v); ok {
				if e.numbers == nil {
					e.numbers = make([]enumNumber, 0, len(values)-i)
				}
				e.numbers = append(e.numbers, newEnumNumber(text))
			}
		case text:
			if e.texts == nil {
				e.texts = make([]string, 0, len(values)-i)
			}
			e.texts = append(e.texts, v.String())
		default:
			switch {
			case !v.IsValid():
				e.null = true
			case v.Kind() == reflect.Bool && v.Bool():
				e.bools[1] = true
			case v.Kind() == reflect.Bool:
				e.bools[0] = true
			default:
				e.others = append(e.others, v)
			}
		}
	}
	return e
}

func newEnumNumber(text string) enumNumber {
	d, _ := ParseDecimal(text)
	n := enumNumber{decimal: d}
	n.float, _ = strconv.ParseFloat(text, 64) // out of range: an infinity, which no value is
	float, _ := strconv.ParseFloat(text, 32)
	n.float32 = float32(float)
	magnitude, fraction, fits := d.whole()
	if !fits || fraction {
		return n
	}
	if d.negative {
		n.int, n.isInt = -int64(magnitude), magnitude <= 1<<63
	} else {
		n.int, n.isInt = int64(magnitude), magnitude <= math.MaxInt64
		n.uint, n.isUint = magnitude, true
	}
	return n
}

func (e *enum) int(v int64) bool {
	for i := range e.numbers {
		if e.numbers[i].int == v && e.numbers[i].isInt {
			return true
		}
	}
	return false
}

func (e *enum) uint(v uint64) bool {
	for i := range e.numbers {
		if e.numbers[i].uint == v && e.numbers[i].isUint {
			return true
		}
	}
	return false
}

func (e *enum) float(v float64, bits int) bool {
	for i := range e.numbers {
		if n := &e.numbers[i]; bits == 64 && n.float == v || bits == 32 && n.float32 == float32(v) {
			return true
		}
	}
	return false
}

func (e *enum) decimal(v Decimal) bool {
	for i := range e.numbers {
		if e.numbers[i].decimal.Compare(v) == 0 {
			return true
		}
	}
	return false
}

func (e *enum) bool(v bool) bool {
	return v && e.bools[1] || !v && e.bools[0]
}

func (e *enum) text(v string) bool {
	for _, text := range e.texts {
		if text == v {
			return true
		}
	}
	return e.others != nil && e.other(reflect.ValueOf(v)) // it may stand for a time
}

// other looks for a list, an object or a time.
func (e *enum) other(v reflect.Value) bool {
	for _, other := range e.others {
		if Equal(v, other) {
			return true
		}
	}
	if v.Type() != timeType {
		return false
	}
	for _, text := range e.texts {
		if Equal(v, reflect.ValueOf(text)) {
			return true
		}
	}
	return false
}

var timeType = reflect.TypeFor[time.Time]()
