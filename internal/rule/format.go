package rule

import (
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

var formats = map[string]func(string) bool{
	"date":      isDate,
	"date-time": isDateTime,
	"time":      isTime,
	"email":     isEmail,
	"hostname":  isHostname,
	"ipv4":      isIPv4,
	"ipv6":      isIPv6,
	"uri":       isURI,
	"uuid":      isUUID,
}

// Format returns the check of a format of JSON Schema, and whether there is a format
// of that name:
//
//	date       2026-11-21, a day that exists (RFC 3339, full-date)
//	date-time  2026-11-21T07:24:47.5+01:00 (RFC 3339; a leap second only at 23:59:60 UTC)
//	time       07:24:47.5+01:00 (RFC 3339, full-time, with its offset from UTC)
//	email      ann@example.com (RFC 5321 in ASCII, no quotes, no display name, at most 254 bytes)
//	hostname   example.com, localhost (RFC 1123; the last label is not all digits)
//	ipv4       192.0.2.1
//	ipv6       2001:db8::1, without a zone
//	uri        https://example.com/a?b#c (RFC 3986, absolute)
//	uuid       f81d4fae-7dec-11d0-a765-00a0c91e6bf6 (RFC 9562, either letter case)
func Format(name string) (check func(string) bool, ok bool) {
	check, ok = formats[name]
	return check, ok
}

// Formats returns the names that [Format] knows, sorted and comma separated.
func Formats() string {
	return strings.Join(slices.Sorted(maps.Keys(formats)), ", ")
}

// matches reports whether s has a digit wherever the pattern has a 0, a hexadecimal
// digit wherever it has an x, and the pattern's own characters elsewhere.
func matches(s, pattern string) bool {
	if len(s) != len(pattern) {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch pattern[i] {
		case '0':
			if c-'0' > 9 {
				return false
			}
		case 'x':
			if c-'0' > 9 && (c|0x20)-'a' > 5 {
				return false
			}
		default:
			if c != pattern[i] {
				return false
			}
		}
	}
	return true
}

func isUUID(s string) bool {
	return matches(s, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx")
}

func isEmail(s string) bool {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at > 64 || len(s) > 254 {
		return false
	}
	for atom := range strings.SplitSeq(s[:at], ".") {
		if atom == "" || strings.ContainsFunc(atom, func(r rune) bool { return !isAtomChar(r) }) {
			return false
		}
	}
	return isHostname(s[at+1:])
}

// isAtomChar reports whether r is atext of RFC 5322.
func isAtomChar(r rune) bool {
	return r < 128 && (isAlphanumeric(byte(r)) || strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r))
}

func isHostname(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	digits := false
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := 0; i < len(label); i++ {
			if !isAlphanumeric(label[i]) && label[i] != '-' {
				return false
			}
		}
		digits = skipDigits(label, 0) == len(label)
	}
	return !digits // 1.2.3 is no name
}

func isAlphanumeric(c byte) bool {
	return c-'0' <= 9 || (c|0x20)-'a' <= 25
}

func isIPv4(s string) bool {
	addr, err := netip.ParseAddr(s)
	return err == nil && addr.Is4()
}

func isIPv6(s string) bool {
	addr, err := netip.ParseAddr(s)
	return err == nil && addr.Is6() && addr.Zone() == ""
}

// isURI checks the characters, since url.Parse accepts too many, and leaves the
// structure (scheme, port, brackets around an address) to url.Parse.
func isURI(s string) bool {
	colon := strings.IndexByte(s, ':')
	if colon < 1 || (s[0]|0x20)-'a' > 25 {
		return false
	}
	rest, authority := s[colon+1:], ""
	if strings.HasPrefix(rest, "//") {
		end := strings.IndexAny(rest[2:], "/?#")
		if end < 0 {
			end = len(rest) - 2
		}
		authority, rest = rest[2:2+end], rest[2+end:]
	}
	if host := authority[strings.LastIndexByte(authority, '@')+1:]; strings.HasPrefix(host, "[") {
		end := strings.IndexByte(host, ']')
		if end < 0 || !isIPv6(host[1:end]) {
			return false
		}
		authority = strings.TrimSuffix(authority, host) + host[end+1:]
	}
	path, fragment, _ := strings.Cut(rest, "#")
	if !areURIChars(authority) || !areURIChars(path) || !areURIChars(fragment) {
		return false
	}
	u, err := url.Parse(s)
	return err == nil && u.Scheme != ""
}

func areURIChars(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case isAlphanumeric(c) || strings.IndexByte("-._~:/?@!$&'()*+,;=", c) >= 0:
		case c == '%' && i+2 < len(s) && matches(s[i+1:i+3], "xx"):
		default:
			return false
		}
	}
	return true
}
