package rule

import (
	"strings"
	"time"
)

// DateTime returns the time that a text in the format date-time stands for, exactly
// as RFC 3339, section 5.6, has it: t and z may be in lower case, a fraction begins
// with a point, an offset is at most 23:59. A leap second, which Go has no value for,
// is the second after it. Every result can be written in the same format: one that
// would need a year of five digits is refused.
func DateTime(s string) (time.Time, bool) {
	if len(s) < len("2006-01-02T15:04:05Z") || s[10]|0x20 != 't' || !isTime(s[11:]) {
		return time.Time{}, false
	}
	if last := s[len(s)-1]; s[10] == 't' || last == 'z' { // which package time doesn't know
		s = strings.ToUpper(s)
	}
	leap := s[17] == '6'
	if leap {
		s = s[:17] + "59" + s[19:]
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if leap {
		t = t.Add(time.Second)
	}
	return t, err == nil && t.Year() <= 9999
}

// Date returns the beginning, in UTC, of the day that a text in the format date
// stands for (RFC 3339, full-date).
func Date(s string) (time.Time, bool) {
	t, err := time.Parse(time.DateOnly, s)
	return t, err == nil && len(s) == len(time.DateOnly)
}

// Duration returns the duration that a text stands for, as [time.ParseDuration] and
// [time.Duration.String] have it: 1m30s.
func Duration(s string) (time.Duration, bool) {
	d, err := time.ParseDuration(s)
	return d, err == nil
}

func isDateTime(s string) bool {
	_, ok := DateTime(s)
	return ok
}

func isDate(s string) bool {
	_, ok := Date(s)
	return ok
}

// isTime reports whether a text is a full-time of RFC 3339: a time of the day with
// its offset from UTC.
func isTime(s string) bool {
	if len(s) < len("15:04:05Z") || !matches(s[:8], "00:00:00") {
		return false
	}
	zone := s[8:]
	if zone[0] == '.' {
		n := skipDigits(zone, 1)
		if n == 1 || n == len(zone) {
			return false
		}
		zone = zone[n:]
	}
	offset := 0 // minutes
	switch {
	case zone == "Z" || zone == "z":
	case (zone[0] == '+' || zone[0] == '-') && matches(zone[1:], "00:00"):
		hours, minutes := twoDigits(zone[1:]), twoDigits(zone[4:])
		if hours > 23 || minutes > 59 {
			return false
		}
		offset = hours*60 + minutes
		if zone[0] == '-' {
			offset = -offset
		}
	default:
		return false
	}
	hours, minutes, seconds := twoDigits(s), twoDigits(s[3:]), twoDigits(s[6:])
	const day = 24 * 60
	if seconds == 60 && (hours*60+minutes-offset+day)%day != day-1 {
		return false
	}
	return hours <= 23 && minutes <= 59 && seconds <= 60
}

func twoDigits(s string) int { return int(s[0]-'0')*10 + int(s[1]-'0') }
