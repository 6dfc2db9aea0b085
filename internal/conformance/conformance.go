package conformance

import (
	"bytes"
	"embed"
	"fmt"
	"net/http"
	"path"
	"regexp"
	"strings"
	"testing"
)

//go:embed testdata
var chapters embed.FS

// Request is what a door is asked. Its header has the names as they are to be
// sent, and its path may be one that no client of net/http would send.
type Request struct {
	Method, Path string
	Header       http.Header
	Body         []byte
}

// Answer is what came through a door.
type Answer struct {
	Status int // 0: no answer at all
	Header http.Header
	Body   []byte
	Broken bool // the answer ended before it was whole, or before it began
}

// Run asks every question of the suite. The way to ask leads through a door to
// a product of [API], and fails the test where no door could behave as it found.
func Run(t *testing.T, ask func(t testing.TB, r Request) Answer) { run(t, "testdata", ask) }

// RunStrict is Run for the questions to a product of [StrictAPI].
func RunStrict(t *testing.T, ask func(t testing.TB, r Request) Answer) {
	run(t, "testdata/strict", ask)
}

func run(t *testing.T, folder string, ask func(t testing.TB, r Request) Answer) {
	files, err := chapters.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if file.IsDir() {
			continue
		}
		content, err := chapters.ReadFile(path.Join(folder, file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		questions, err := parse(content)
		if err != nil {
			t.Fatalf("%s: %v", file.Name(), err)
		}
		t.Run(strings.TrimSuffix(file.Name(), ".txtar"), func(t *testing.T) {
			for _, q := range questions {
				t.Run(q.name, func(t *testing.T) {
					for _, wrong := range q.want.compare(ask(t, q.request)) {
						t.Error(wrong)
					}
				})
			}
		})
	}
}

// anyStatus is that of an answer of which only the end matters.
const anyStatus = -1

// answer is what must come.
type answer struct {
	status int
	header []wantedHeader
	body   []byte
	broken bool
}

// wantedHeader is one header that must be there, or must not.
type wantedHeader struct {
	name  string
	value string         // "": must not be there
	match *regexp.Regexp // nil: value it is
}

func (w wantedHeader) compare(header http.Header) error {
	values := header.Values(w.name)
	if w.name == "Vary" && len(values) > 1 {
		values = []string{strings.Join(values, ", ")} // one list, also over several lines: RFC 9110, 5.3
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

// implied are the headers of every answer that a case does not speak of.
var implied = []wantedHeader{
	{name: "X-Request-Id", value: "an id", match: regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)},
	{name: "Content-Type", value: "application/json"},
}

// compare tells all in which got is another answer.
func (a answer) compare(got Answer) (wrong []error) {
	if a.status == anyStatus && got.Broken {
		return nil
	}
	if got.Status != a.status || got.Broken != a.broken {
		wrong = append(wrong, fmt.Errorf("the answer is %s, want %s", outcome(got.Status, got.Broken), outcome(a.status, a.broken)))
	}
	if got.Status != 0 && a.status != 0 {
		for _, header := range a.header {
			if err := header.compare(got.Header); err != nil {
				wrong = append(wrong, err)
			}
		}
	}
	if !bytes.Equal(got.Body, a.body) {
		wrong = append(wrong, fmt.Errorf("the body is\n\t%s\nwant\n\t%s", shown(got.Body), shown(a.body)))
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

// shown returns a body for a message: what can't be seen is escaped, and of a
// long one the middle is left out.
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
