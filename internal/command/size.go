package command

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Size is a number of bytes as the value of a flag: 1048576, 1024KiB, 1MiB.
type Size int64

var sizeUnits = []struct {
	name  string
	bytes int64
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"GB", 1e9}, {"MB", 1e6}, {"KB", 1e3}, {"B", 1}, {"", 1}}

// Set parses a size of at least one byte.
func (s *Size) Set(text string) error {
	for _, unit := range sizeUnits {
		digits, ok := strings.CutSuffix(text, unit.name)
		if !ok {
			continue
		}
		number, err := strconv.ParseInt(digits, 10, 64)
		if err != nil || number < 1 || number > math.MaxInt64/unit.bytes {
			break
		}
		*s = Size(number * unit.bytes)
		return nil
	}
	return fmt.Errorf("want a size of at least 1, such as 65536, 64KiB or 1MiB")
}

// String writes the size in the largest unit that divides it.
func (s Size) String() string {
	for _, unit := range sizeUnits {
		if unit.bytes > 1 && int64(s)%unit.bytes == 0 && s != 0 {
			return fmt.Sprintf("%d%s", int64(s)/unit.bytes, unit.name)
		}
	}
	return fmt.Sprint(int64(s))
}

// Type returns the value's name in help texts.
func (s *Size) Type() string { return "size" }
