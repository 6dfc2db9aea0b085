package doortest

import (
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// allCases reads all chapters.
func allCases(t *testing.T) []testCase {
	t.Helper()
	var all []testCase
	err := fs.WalkDir(chapters, "testdata", func(name string, file fs.DirEntry, err error) error {
		if err != nil || file.IsDir() {
			return err
		}
		cases, err := readChapter(name)
		all = append(all, cases...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestWrongDoors looks at the suite itself: a door that changes anything in the
// right answers must be found out by every case.
func TestWrongDoors(t *testing.T) {
	doors := map[string]func(*answer){
		"another status":            func(a *answer) { a.status++ },
		"no answer":                 func(a *answer) { *a = answer{broken: true} },
		"broken off, or not":        func(a *answer) { a.broken = !a.broken },
		"a line break at the end":   func(a *answer) { a.body = append(slices.Clip(a.body), '\n') },
		"no body":                   func(a *answer) { a.body = nil },
		"no request id":             func(a *answer) { a.header.Del("X-Request-Id") },
		"two request ids":           func(a *answer) { a.header.Add("X-Request-Id", "another") },
		"another content type":      func(a *answer) { a.header.Set("Content-Type", "application/json; charset=utf-8") },
		"no header at all":          func(a *answer) { a.header = http.Header{} },
		"a header that must not be": func(a *answer) { a.header.Set("X-Late", "late") },
	}
	for name, spoil := range doors {
		t.Run(name, func(t *testing.T) {
			noticed, asked := 0, 0
			for _, q := range allCases(t) {
				right := q.want.right()
				if wrong := q.want.compare(right); len(wrong) > 0 {
					t.Errorf("%s: the right answer is refused: %v", q.name, wrong)
				}
				spoiled := right
				spoiled.header = right.header.Clone()
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
func (w wanted) right() answer {
	right := answer{status: max(w.status, 0), header: http.Header{}, body: w.body, broken: w.broken}
	for _, h := range w.header {
		switch {
		case h.match != nil:
			right.header.Set(h.name, "00112233445566778899aabbccddeeff")
		case h.value != "":
			right.header.Set(h.name, h.value)
		}
	}
	return right
}

// allows reports whether a case is right to overlook a change.
func (w wanted) allows(change string) bool {
	nothing := w.status <= 0
	switch change {
	case "no answer", "another status":
		return nothing
	case "no body":
		return len(w.body) == 0
	case "a header that must not be":
		return !slices.ContainsFunc(w.header, func(h wantedHeader) bool { return h.name == "X-Late" })
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
in front: address
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
	if q.name != "a case" || q.request.method != "POST" || q.request.target != "/api/v0/echo/read?a=1" || string(q.request.body) != "{\xff\xff\xff}" {
		t.Errorf("request: %q %+v", q.name, q.request)
	}
	sent := map[string][]string{"X-One": {"1"}, "x-two": {"2"}, "Empty": {""}}
	if diff := cmp.Diff(sent, map[string][]string(q.request.header)); diff != "" {
		t.Errorf("header (- wanted, + found):\n%s", diff)
	}
	if q.want.status != 200 || !q.want.broken || string(q.want.body) != "{\"a\":\n\n1}" {
		t.Errorf("answer: %+v", q.want)
	}
	if h := q.want.header; len(h) != 4 || h[0].match == nil || h[1].value != "" {
		t.Errorf("wanted header: %+v", h)
	}
	if q := read[1]; q.want.status != 0 || !q.want.broken || len(q.request.body) != 0 || q.front != "address" || q.request.target != "/" {
		t.Errorf("the other case: %+v", q)
	}
}

func TestParseRefuses(t *testing.T) {
	tests := map[string]struct{ content, want string }{
		"no case":         {"only text\n", "there is no case"},
		"no answer":       {"-- a --\nGET /\n", "no line -->"},
		"no path":         {"-- a --\nGET\n--> 200\n", "METHOD PATH"},
		"no status":       {"-- a --\nGET /\n--> fine\n", "invalid syntax"},
		"nobody in front": {"-- a --\nin front: nobody\nGET /\n--> 200\n", "want address, method or target"},
		"no header":       {"-- a --\nGET /\nX\n--> 200\n", "NAME: VALUE"},
		"no expression":   {"-- a --\nGET /\n--> 200\nX: ~ (\n", "missing closing"},
		"no Go string":    {"-- a --\nGET /\n\ngo: 1\n--> 200\n", "want a Go string"},
		"no comma":        {"-- a --\nGET /\n\ngo: \"a\" \"b\"\n--> 200\n", "want a comma"},
		"no factor":       {"-- a --\nGET /\n\ngo: \"a\" * b\n--> 200\n", "invalid syntax"},
		"the same twice":  {"-- a --\nGET /\n--> 200\n-- a --\nGET /\n--> 200\n", "two cases of this name"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := parse([]byte(test.content)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error: %v, want %q in it", err, test.want)
			}
		})
	}
}
