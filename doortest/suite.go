package doortest

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/apiphant/apiphant"
)

//go:embed testdata
var chapters embed.FS

// Run asks every question of the suite through a door that is reached over
// HTTP. open serves api for the time of the test, and returns the URL that
// paths such as /api/v0/echo/read are appended to: http://HOST:PORT, or that
// with a prefix. It is called for each of the suite's APIs, of which one is strict.
//
// It asks the least that a door must do, see [Suite].
func Run(t *testing.T, open func(t *testing.T, api *apiphant.API) (url string)) {
	Suite{Open: open}.Run(t)
}

// Suite is the suite for a door of a certain kind. The zero values of its fields
// ask the least that a door must do; most doors set some, and are asked more.
type Suite struct {
	// Open is what [Run] is given. It or Transport is needed.
	Open func(t *testing.T, api *apiphant.API) (url string)

	// Transport serves api for the time of the test, for a door that has no
	// address: what it returns gives a request to the door, and returns the
	// answer. Like [http.Transport] it should not wait for the answer's end.
	Transport func(t *testing.T, api *apiphant.API) http.RoundTripper

	// What the door gets of what a client sends. Where it is false, something in
	// front of the door, such as a router that it is mounted in, may refuse
	// such requests itself: in its own words, with a status from 300 to 499 or
	// with 501. Where it is true, the answer must be the door's.
	Addresses bool // paths outside of /api/
	Methods   bool // methods that nobody has registered, such as LINK
	Targets   bool // paths that routers clean or can't decode: with dot segments, doubled slashes, broken escapes

	// ClientGone is set for a door that notices that a client has gone away, as
	// an [apiphant.ClientWatcher] or otherwise. The context of the call must
	// end then.
	ClientGone bool

	// Collected is set for a door whose transport can't stream: it hands over
	// whole requests, and answers when the function has ended. An answer that
	// was broken off may then be an error with a status from 500.
	Collected bool
}

// Run asks every question of the suite that the door is meant for. The others are
// skipped.
func (s Suite) Run(t *testing.T) {
	s.askEach(t, "usual", newAPI(), func(t *testing.T, c client) { s.askChapters(t, "testdata", c) })
	strict := newAPI()
	strict.Strict = true
	s.askEach(t, "strict", strict, func(t *testing.T, c client) { s.askChapters(t, "testdata/strict", c) })
	live := newLive()
	s.askEach(t, "live", live.api, func(t *testing.T, c client) { s.askLive(t, live, c) })
}

// askEach serves an API and asks it in each way.
func (s Suite) askEach(t *testing.T, name string, api *apiphant.API, run func(t *testing.T, c client)) {
	t.Run(name, func(t *testing.T) {
		for name, c := range s.clients(t, api) {
			t.Run(name, func(t *testing.T) { run(t, c) })
		}
	})
}

// clients returns the ways in which a door is asked.
func (s Suite) clients(t *testing.T, api *apiphant.API) map[string]client {
	t.Helper()
	if s.Transport != nil {
		return map[string]client{"transport": &transportClient{s.Transport(t, api)}}
	}
	base, err := url.Parse(s.Open(t, api))
	if err != nil || base.Scheme != "http" || base.Host == "" {
		t.Fatalf("open returned the URL %q (%v): want http://HOST:PORT", base, err)
	}
	prefix := strings.TrimSuffix(base.EscapedPath(), "/")
	kept := &socketClient{address: base.Host, prefix: prefix, keep: true}
	t.Cleanup(kept.end)
	return map[string]client{
		"a connection for each": &socketClient{address: base.Host, prefix: prefix},
		"one after the other":   kept,
	}
}

// askChapters asks what the files in a folder have.
func (s Suite) askChapters(t *testing.T, folder string, c client) {
	files, err := fs.Glob(chapters, path.Join(folder, "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		cases, err := readChapter(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(strings.TrimSuffix(path.Base(file), ".txtar"), func(t *testing.T) {
			for _, test := range cases {
				t.Run(test.name, func(t *testing.T) {
					got, err := ask(t.Context(), c, test.request)
					if errors.Is(err, errCannotSend) {
						t.Skip(err)
					}
					if err != nil {
						t.Fatal(err)
					}
					for _, wrong := range s.compare(test, got) {
						t.Error(wrong)
					}
				})
			}
		})
	}
}

func readChapter(file string) ([]testCase, error) {
	content, err := chapters.ReadFile(file)
	if err != nil {
		return nil, err
	}
	cases, err := parse(content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return cases, nil
}

// compare returns all that is wrong with an answer.
func (s Suite) compare(test testCase, got answer) []error {
	wrong := test.want.compare(got)
	switch {
	case len(wrong) == 0:
		return nil
	case s.mayRefuseInFront(test.front) && isRefusal(got):
		return nil
	case s.Collected && test.want.broken && got.status >= 500:
		return nil
	}
	return wrong
}

func (s Suite) mayRefuseInFront(what string) bool {
	switch what {
	case "address":
		return !s.Addresses
	case "method":
		return !s.Methods
	case "target":
		return !s.Targets
	}
	return false
}

func isRefusal(got answer) bool {
	return !got.broken && (got.status >= 300 && got.status <= 499 || got.status == http.StatusNotImplemented)
}
