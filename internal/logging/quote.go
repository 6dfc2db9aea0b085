package logging

import (
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// AppendQuoted appends text from a client as a JSON string in which everything
// is printable. What is beyond limit bytes is cut off, and the length written in
// its place.
func AppendQuoted(line, text []byte, limit int) []byte {
	size := len(text)
	if size > limit {
		text = text[:cutAt(text, limit)]
	}
	line = append(line, '"')
	if isPlain(text) {
		line = append(line, text...)
	} else {
		line = appendEscaped(line, text)
	}
	if size > limit {
		line = append(strconv.AppendInt(append(line, "…("...), int64(size), 10), " bytes)"...)
	}
	return append(line, '"')
}

func isPlain(text []byte) bool {
	for _, c := range text {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

func appendEscaped(line, text []byte) []byte {
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if r == '"' || r == '\\' {
			line = append(line, '\\')
		}
		line, text = appendPrintable(line, r), text[size:]
	}
	return line
}

func appendPrintable(line []byte, r rune) []byte {
	switch {
	case !isUnprintable(r):
		return utf8.AppendRune(line, r)
	case r == '\n':
		return append(line, `\n`...)
	case r == '\r':
		return append(line, `\r`...)
	case r == '\t':
		return append(line, `\t`...)
	case r > 0xffff:
		first, second := utf16.EncodeRune(r)
		return fmt.Appendf(line, `\u%04x\u%04x`, first, second)
	default:
		return fmt.Appendf(line, `\u%04x`, r)
	}
}

func isUnprintable(r rune) bool { return !strconv.IsPrint(r) }
