package conformance

import (
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// questions reads all chapters.
func questions(t *testing.T) []question {
	t.Helper()
	var all []question
	err := fs.WalkDir(chapters, "testdata", func(name string, file fs.DirEntry, err error) error {
		if err != nil || file.IsDir() {
			return err
		}
		content, err := chapters.ReadFile(name)
		if err != nil {
			return err
		}
		read, err := parse(content)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, read...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestWrongDoors looks at the suite itself: a door that changes anything in the
// right answers must be found out by every case.
func TestWrongDoors(t *testing.T) {
	doors := map[string]func(*Answer){
		"another status":            func(a *Answer) { a.Status++ },
		"no answer":                 func(a *Answer) { *a = Answer{Broken: true} },
		"broken off, or not":        func(a *Answer) { a.Broken = !a.Broken },
		"a line break at the end":   func(a *Answer) { a.Body = append(slices.Clip(a.Body), '\n') },
		"no body":                   func(a *Answer) { a.Body = nil },
		"no request id":             func(a *Answer) { a.Header.Del("X-Request-Id") },
		"two request ids":           func(a *Answer) { a.Header.Add("X-Request-Id", "another") },
		"another content type":      func(a *Answer) { a.Header.Set("Content-Type", "application/json; charset=utf-8") },
		"no header at all":          func(a *Answer) { a.Header = http.Header{} },
		"a header that must not be": func(a *Answer) { a.Header.Set("X-Late", "late") },
	}
	for name, spoil := range doors {
		t.Run(name, func(t *testing.T) {
			noticed, asked := 0, 0
			for _, q := range questions(t) {
				right := q.want.right()
				if wrong := q.want.compare(right); len(wrong) > 0 {
					t.Errorf("%s: the right answer is refused: %v", q.name, wrong)
				}
				spoiled := right
				spoiled.Header = right.Header.Clone()
				spoil(&spoiled)
				asked++
				if len(q.want.compare(spoiled)) > 0 {
					noticed++
					continue
				}
				if !q.want.allows(name) {
					t.Errorf("%s: not noticed", q.name)
				}
			}
			if noticed == 0 {
				t.Errorf("none of %d cases noticed", asked)
			}
		})
	}
}

// right makes an answer that is as wanted.
func (a answer) right() Answer {
	right := Answer{Status: max(a.status, 0), Header: http.Header{}, Body: a.body, Broken: a.broken}
	for _, h := range a.header {
		switch {
		case h.match != nil:
			right.Header.Set(h.name, "00112233445566778899aabbccddeeff")
		case h.value != "":
			right.Header.Set(h.name, h.value)
		}
	}
	return right
}

// allows tells of the cases that are right to overlook a change.
func (a answer) allows(change string) bool {
	nothing := a.status <= 0
	switch change {
	case "no answer", "another status":
		return nothing
	case "no body":
		return len(a.body) == 0
	case "a header that must not be":
		return !slices.ContainsFunc(a.header, func(h wantedHeader) bool { return h.name == "X-Late" })
	case "broken off, or not":
		return false
	}
	return nothing
}

func TestParse(t *testing.T) {
	content := `A chapter.

-- a case --
POST /api/v0/echo/read?a=1
X-One: 1
x-two: 2
Empty:

go: "{", "\xff" * 3, "}"
--> 200 broken off
X-Three: ~ [0-9]+
X-Four:

{"a":

1}
-- another --
GET /
--> nothing
`
	read, err := parse([]byte(content))
	if err != nil {
		t.Fatal(err)
	}
	if len(read) != 2 {
		t.Fatalf("%d cases, want 2", len(read))
	}
	q := read[0]
	if q.name != "a case" || q.request.Method != "POST" || q.request.Path != "/api/v0/echo/read?a=1" || string(q.request.Body) != "{\xff\xff\xff}" {
		t.Errorf("request: %q %+v", q.name, q.request)
	}
	sent := map[string][]string{"X-One": {"1"}, "x-two": {"2"}, "Empty": {""}}
	if diff := cmp.Diff(sent, map[string][]string(q.request.Header)); diff != "" {
		t.Errorf("header (- wanted, + found):\n%s", diff)
	}
	if q.want.status != 200 || !q.want.broken || string(q.want.body) != "{\"a\":\n\n1}" {
		t.Errorf("answer: %+v", q.want)
	}
	if h := q.want.header; len(h) != 4 || h[0].match == nil || h[1].value != "" {
		t.Errorf("wanted header: %+v", h)
	}
	if q := read[1]; q.want.status != 0 || !q.want.broken || len(q.request.Body) != 0 {
		t.Errorf("the other case: %+v", q)
	}
}

func TestParseRefuses(t *testing.T) {
	tests := map[string]struct{ content, want string }{
		"no case":        {"only text\n", "there is no case"},
		"no answer":      {"-- a --\nGET /\n", "no line -->"},
		"no path":        {"-- a --\nGET\n--> 200\n", "METHOD PATH"},
		"no status":      {"-- a --\nGET /\n--> fine\n", "invalid syntax"},
		"no header":      {"-- a --\nGET /\nX\n--> 200\n", "NAME: VALUE"},
		"no expression":  {"-- a --\nGET /\n--> 200\nX: ~ (\n", "missing closing"},
		"no Go string":   {"-- a --\nGET /\n\ngo: 1\n--> 200\n", "want a Go string"},
		"no comma":       {"-- a --\nGET /\n\ngo: \"a\" \"b\"\n--> 200\n", "want a comma"},
		"no factor":      {"-- a --\nGET /\n\ngo: \"a\" * b\n--> 200\n", "invalid syntax"},
		"the same twice": {"-- a --\nGET /\n--> 200\n-- a --\nGET /\n--> 200\n", "two cases of this name"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := parse([]byte(test.content)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error: %v, want %q in it", err, test.want)
			}
		})
	}
}
