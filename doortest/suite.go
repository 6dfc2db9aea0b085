package doortest

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/apiphant/apiphant"
)

//go:embed testdata
var chapters embed.FS

// Run tests a door that is reached over HTTP. open serves api for the time of the
// test, and returns the URL that paths such as /api/v0/echo/read are appended to:
// http://HOST:PORT, or that with a prefix. It is called for each API of the suite,
// of which one is strict, one knows its hosts, and one takes compressed requests.
//
// Run is [Suite.Run] with the zero values of all other fields.
func Run(t *testing.T, open func(t *testing.T, api *apiphant.API) (url string)) {
	Suite{Open: open}.Run(t)
}

// Suite says what kind of door is tested. With zero values it demands the least;
// most doors can set some of the fields, and are tested for more.
type Suite struct {
	// Open is what [Run] is given. It or Transport is needed.
	Open func(t *testing.T, api *apiphant.API) (url string)

	// Transport serves api for the time of the test, for a door that is not
	// reached over HTTP. What it returns makes a call of a request, and returns
	// the answer when that begins, as [http.Transport] does.
	Transport func(t *testing.T, api *apiphant.API) http.RoundTripper

	// Which unusual requests reach the door. Where a field is false, whatever is
	// in front of the door, such as the router that it is mounted in, may
	// answer such requests itself, with any status from 300 to 499 or with 501.
	// Where it is true, the answer must be that of docs/protocol.md.
	Addresses bool // those with paths outside of /api/
	Methods   bool // those with methods that are not registered, such as LINK
	Targets   bool // those with paths that routers clean or can't decode: dot segments, doubled slashes, invalid escapes

	// ClientGone is set for a door that notices when a client has gone away, as
	// an [apiphant.ClientWatcher] or otherwise: the context of the call must
	// then be cancelled.
	ClientGone bool

	// Hijack is set for a door whose functions can take over the connection, by
	// [http.ResponseController.Hijack]. Any other must return an error that is
	// [errors.ErrUnsupported] there. It is for doors that are reached over HTTP.
	Hijack bool

	// Collected is set for a door whose transport can't stream: it has whole
	// requests, and sends the answer when the function has returned, with its
	// length. Where an answer is to be broken off, it may have any status from 500.
	Collected bool

	// Joins is set for a door whose transport makes one value of several that a
	// header or a name of the query has, or has the last alone, as payload 2.0 of
	// API Gateway and load balancers do. Cases with such requests are left out.
	Joins bool
}

// Run tests a door. Cases that are not for this kind of door are skipped.
func (s Suite) Run(t *testing.T) {
	s.Hijack = s.Hijack && s.Transport == nil
	s.askEach(t, "usual", newAPI(), s.chaptersIn(t, "testdata"))
	strict := newAPI()
	strict.Strict = true
	s.askEach(t, "strict", strict, s.chaptersIn(t, "testdata/strict"))
	named := newAPI()
	named.Hosts = []string{"api.example.com", "shop.example.com:8443", "web.example.com:443", "*.example.org", "127.0.0.1", "[::1]"}
	s.askEach(t, "hosts", named, s.chaptersIn(t, "testdata/hosts"))
	compressed := newAPI()
	compressed.AcceptGzip = true
	s.askEach(t, "gzip", compressed, s.chaptersIn(t, "testdata/gzip"))
	live := newLive()
	s.askEach(t, "live", live.api, func(t *testing.T, c client) { s.askLive(t, live, c) })
}

// askEach serves an API and runs the cases with each client.
func (s Suite) askEach(t *testing.T, name string, api *apiphant.API, run func(t *testing.T, c client)) {
	t.Run(name, func(t *testing.T) {
		for name, c := range s.clients(t, api) {
			t.Run(name, func(t *testing.T) { run(t, c) })
		}
	})
}

// clients returns the clients that an API is asked with, by name.
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

// chaptersIn returns a function that runs the cases of all files in a folder. They are read
// once for all clients: bodies are compressed then.
func (s Suite) chaptersIn(t *testing.T, folder string) func(t *testing.T, c client) {
	t.Helper()
	files, err := fs.Glob(chapters, path.Join(folder, "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	cases := make([][]testCase, len(files))
	for i, file := range files {
		if cases[i], err = readChapter(file); err != nil {
			t.Fatal(err)
		}
	}
	return func(t *testing.T, c client) {
		for i, file := range files {
			t.Run(strings.TrimSuffix(path.Base(file), ".txtar"), func(t *testing.T) { s.askCases(t, cases[i], c) })
		}
	}
}

func (s Suite) askCases(t *testing.T, cases []testCase, c client) {
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			if s.Joins && test.request.repeats() {
				t.Skip("the door's transport makes one value of several: Suite.Joins")
			}
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
	want := test.want
	if s.Collected && len(want.body) > 0 { // what is collected has a length, also where the function did not say it
		want.header = slices.DeleteFunc(slices.Clone(want.header), func(h wantedHeader) bool { return h.name == "Content-Length" && h.value == "" })
	}
	wrong := want.compare(got)
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
