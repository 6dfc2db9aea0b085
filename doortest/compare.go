package doortest

import (
	"bytes"
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// answer is what came through a door.
type answer struct {
	status int // 0: no answer at all
	header http.Header
	body   []byte
	broken bool // the answer ended before it was whole, or before it began
}

// anyStatus is the status of an answer that only has to be broken off.
const anyStatus = -1

// wanted is what an answer must be.
type wanted struct {
	status int
	header []wantedHeader
	body   []byte
	broken bool
}

// wantedHeader is a header that an answer must have, or must not have.
type wantedHeader struct {
	name  string
	value string         // "": it must not have it
	match *regexp.Regexp // of the value; nil: it must be equal
}

func (w wantedHeader) compare(header http.Header) error {
	values := header.Values(w.name)
	if len(values) > 1 && (w.name == "Vary" || w.name == "Set-Cookie") {
		values = []string{strings.Join(values, ", ")} // one list, over several lines: RFC 9110, 5.3
	}
	switch {
	case w.value == "" && len(values) == 0:
		return nil
	case len(values) != 1:
		return fmt.Errorf("the header %s is there %d times: %q, want %q", w.name, len(values), values, w.value)
	case w.match != nil && w.match.MatchString(values[0]), w.match == nil && values[0] == w.value:
		return nil
	}
	return fmt.Errorf("the header %s is %q, want %q", w.name, values[0], w.value)
}

// implied are the headers that every answer must have, unless its case has another
// line for them.
var implied = []wantedHeader{
	{name: "X-Request-Id", value: "an id", match: regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)},
	{name: "Content-Type", value: "application/json"},
}

// compare returns all differences of an answer.
func (w wanted) compare(got answer) (wrong []error) {
	if w.status == anyStatus && got.broken {
		return nil
	}
	if got.status != w.status || got.broken != w.broken {
		wrong = append(wrong, fmt.Errorf("the answer is %s, want %s", outcome(got.status, got.broken), outcome(w.status, w.broken)))
	}
	if got.status != 0 && w.status != 0 {
		for _, header := range w.header {
			if err := header.compare(got.header); err != nil {
				wrong = append(wrong, err)
			}
		}
	}
	if !bytes.Equal(got.body, w.body) {
		wrong = append(wrong, fmt.Errorf("the body is\n\t%s\nwant\n\t%s", shown(got.body), shown(w.body)))
	}
	return wrong
}

func outcome(status int, broken bool) string {
	switch {
	case status == 0:
		return "nothing"
	case status == anyStatus:
		return "broken off"
	case broken:
		return fmt.Sprintf("%d broken off", status)
	}
	return fmt.Sprint(status)
}

// shown returns a body for a message: unprintable characters are escaped, and the
// middle of a long body is left out.
func shown(body []byte) string {
	const most = 2000
	if len(body) > most {
		return fmt.Sprintf("%+q … %+q (%d bytes)", body[:most/2], body[len(body)-most/2:], len(body))
	}
	if bytes.ContainsFunc(body, func(r rune) bool { return r < ' ' || r > '~' }) {
		return fmt.Sprintf("%+q", body)
	}
	return string(body)
}
