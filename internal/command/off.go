package command

import "time"

// OffIfZero returns -1 for 0, and any other number unchanged. A flag of 0 turns
// something off. In a field, 0 means the default, and a negative number turns it off.
func OffIfZero[N int | time.Duration](n N) N {
	if n == 0 {
		return -1
	}
	return n
}
