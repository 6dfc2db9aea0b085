package http1_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/apiphant/apiphant/server/internal/http1"
)

// source gives the bytes of a request piece by piece.
type source struct {
	rest     []byte
	piece    int // bytes that come at a time
	buffered int
}

func (s *source) Buffered() []byte { return s.rest[:s.buffered] }

func (s *source) Discard(n int) {
	s.rest = s.rest[n:]
	s.buffered -= n
}

func (s *source) Fill() error {
	if s.buffered == len(s.rest) {
		return io.EOF
	}
	s.buffered = min(len(s.rest), s.buffered+s.piece)
	return nil
}

func (s *source) Read(p []byte) (int, error) {
	if s.buffered == 0 {
		if err := s.Fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, s.Buffered())
	s.Discard(n)
	return n, nil
}

// read reads a whole request as a server does.
func read(s *source) (head http1.Head, body string, err error) {
	for {
		size, err := head.Parse(s.Buffered())
		if err != nil {
			return head, "", err
		}
		if size > 0 {
			break
		}
		if err := s.Fill(); err != nil {
			return head, "", err
		}
	}
	s.Discard(head.Size)
	var b http1.Body
	b.Open(&head, s)
	content, err := io.ReadAll(&b)
	return head, string(content), err
}

const (
	line   = "POST /api/v0/echo/read HTTP/1.1\r\n"
	with   = line + "Host: test\r\n"
	chunks = with + "Transfer-Encoding: chunked\r\n\r\n"
	last   = "0\r\n\r\n"
)

func TestRequests(t *testing.T) {
	const next = "POST /next HTTP/1.1\r\n"
	tests := []struct{ name, raw, body string }{
		{"no body", with + "\r\n", ""},
		{"length", with + "Content-Length: 11\r\n\r\nhello world", "hello world"},
		{"length of nothing", with + "Content-Length: 0\r\n\r\n", ""},
		{"chunks", chunks + "5\r\nhello\r\n6\r\n world\r\n" + last, "hello world"},
		{"no chunk", chunks + last, ""},
		{"an extension", chunks + "5;a=b; c = \"d\\\"\" ;e\r\nhello\r\n" + last, "hello"},
		{"a trailer", chunks + "5\r\nhello\r\n0\r\nX: y\r\nZ:\r\n\r\n", "hello"},
		{"large chunks", chunks + "3e8\r\n" + strings.Repeat("x", 1000) + "\r\n" + last, strings.Repeat("x", 1000)},
	}
	for _, tt := range tests {
		for piece := 1; piece <= len(tt.raw); piece += 1 + piece/7 {
			s := &source{rest: []byte(tt.raw + next), piece: piece}
			head, body, err := read(s)
			if err != nil || body != tt.body {
				t.Errorf("%s, in pieces of %d: got %q and %v, want %q", tt.name, piece, body, err, tt.body)
			}
			if string(s.rest) != next {
				t.Errorf("%s, in pieces of %d: left %q, want the next request", tt.name, piece, s.rest)
			}
			if string(head.Target) != "/api/v0/echo/read" && piece >= head.Size {
				t.Errorf("%s: got the target %q", tt.name, head.Target)
			}
		}
	}
}

// TestBodyThatBreaksOff never looks whole.
func TestBodyThatBreaksOff(t *testing.T) {
	for _, raw := range []string{
		with + "Content-Length: 11\r\n\r\nhello worl",
		chunks + "5\r\nhello\r\n6\r\n world\r\n0\r\nX: y\r\n\r\n",
	} {
		head := strings.Index(raw, "\r\n\r\n") + len("\r\n\r\n")
		for end := head; end < len(raw); end++ {
			_, body, err := read(&source{rest: []byte(raw[:end]), piece: 7})
			if !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%q: got %q and %v, want io.ErrUnexpectedEOF", raw[:end], body, err)
			}
		}
	}
}

func TestWhole(t *testing.T) {
	tests := []struct {
		name, raw string
		piece     int
		want      string
		whole     bool
	}{
		{"all came", with + "Content-Length: 2\r\n\r\n{}more", 1000, "{}", true},
		{"no body", with + "\r\nmore", 1000, "", true},
		{"not all came", with + "Content-Length: 3\r\n\r\n{}", 1000, "", false},
		{"chunks", chunks + last, 1000, "", false},
	}
	for _, tt := range tests {
		s := &source{rest: []byte(tt.raw), piece: tt.piece}
		_ = s.Fill()
		var head http1.Head
		var body http1.Body
		if _, err := head.Parse(s.Buffered()); err != nil {
			t.Fatal(err)
		}
		s.Discard(head.Size)
		body.Open(&head, s)
		got := body.Whole()
		if string(got) != tt.want || (got != nil) != tt.whole {
			t.Errorf("%s: got %q, nil: %t, want %q", tt.name, got, got == nil, tt.want)
		}
		if _, err := body.Read(make([]byte, 1)); tt.whole && err != io.EOF {
			t.Errorf("%s: behind it got %v, want io.EOF", tt.name, err)
		}
	}
}

func TestFields(t *testing.T) {
	var head http1.Head
	raw := with + "x-twice:  1 \r\nX-Twice: 2\r\nEmpty:\r\nConnection: x, Close\r\nExpect: 100-Continue\r\n\r\n"
	if size, err := head.Parse([]byte(raw)); size != len(raw) || err != nil {
		t.Fatalf("got %d and %v, want %d", size, err, len(raw))
	}
	if got := string(head.Fields.First("X-Twice")); got != "1" {
		t.Errorf("First: got %q, want 1", got)
	}
	if got := head.Fields.All("x-TWICE"); len(got) != 2 || string(got[1]) != "2" {
		t.Errorf("All: got %q, want 1 and 2", got)
	}
	if got := head.Fields.First("Empty"); got == nil || len(got) > 0 {
		t.Errorf("First of an empty field: got %q, want empty and not nil", got)
	}
	if got := head.Fields.First("Missing"); got != nil {
		t.Errorf("First of a field that is not there: got %q, want nil", got)
	}
	for name, want := range map[string]bool{"X-Twice": true, "Empty": true, "Missing": false} {
		if got := head.Has(name); got != want {
			t.Errorf("Has(%q): got %t, want %t", name, got, want)
		}
	}
	if !head.AsksToClose() || !head.AsksToContinue() || !head.Special {
		t.Errorf("got %t, %t, %t, want true", head.AsksToClose(), head.AsksToContinue(), head.Special)
	}
}

// TestEveryByte puts each byte at each place of a value, a name and a target.
func TestEveryByte(t *testing.T) {
	tests := []struct {
		name    string
		message string
		allowed func(c byte) bool
	}{
		{"value", with + "X: %s\r\n\r\n", func(c byte) bool { return c == '\t' || c >= ' ' && c != 0x7f }},
		{"name", with + "X%s: y\r\n\r\n", func(c byte) bool { // RFC 9110, 5.6.2
			return strings.IndexByte("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", c) >= 0
		}},
		{"target", "POST /%s HTTP/1.1\r\nHost: test\r\n\r\n", func(c byte) bool { return c > ' ' && c < 0x7f && c != '#' }},
	}
	for _, tt := range tests {
		for c := range 256 {
			for place := range 20 {
				filled := []byte(strings.Repeat("x", 20))
				filled[place] = byte(c)
				message := strings.Replace(tt.message, "%s", string(filled), 1)
				var head http1.Head
				size, err := head.Parse([]byte(message))
				got, want := err == nil && size == len(message), tt.allowed(byte(c)) || tt.name == "name" && c == ':'
				if got != want {
					t.Errorf("%s: %q was accepted: %t, want %t", tt.name, filled, got, want)
				}
			}
		}
	}
}

// requests are of the sizes that come.
var requests = []struct{ name, text string }{
	{"small", with + "Content-Length: 17\r\n\r\n" + `{"hello":"world"}`},
	{"browser", line + "Host: api.example.com:8443\r\nConnection: keep-alive\r\nContent-Length: 2\r\n" +
		"sec-ch-ua-platform: \"Linux\"\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36\r\n" +
		"sec-ch-ua: \"Chromium\";v=\"143\", \"Not A(Brand\";v=\"24\"\r\nContent-Type: application/json\r\nsec-ch-ua-mobile: ?0\r\nAccept: */*\r\n" +
		"Origin: https://www.example.com\r\nSec-Fetch-Site: same-site\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\nReferer: https://www.example.com/\r\n" +
		"Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-US,en;q=0.9\r\nCookie: session=0123456789abcdef0123456789abcdef\r\n\r\n{}"},
	{"chunked", chunks + "11\r\n" + `{"hello":"world"}` + "\r\n" + last},
	{"trailer", chunks + "2;a=b\r\n{}\r\n0\r\nX: y\r\n\r\n"},
}

// reader reads one request again and again.
type reader struct {
	text []byte
	s    source
	head http1.Head
	body http1.Body
	into [64]byte
}

func (r *reader) read(t testing.TB) {
	r.s = source{rest: r.text, piece: len(r.text), buffered: len(r.text)}
	if _, err := r.head.Parse(r.s.Buffered()); err != nil {
		t.Fatal(err)
	}
	r.s.Discard(r.head.Size)
	r.body.Open(&r.head, &r.s)
	for {
		if _, err := r.body.Read(r.into[:]); err == io.EOF {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestParsingAllocatesNothing(t *testing.T) {
	for _, request := range requests {
		r := &reader{text: []byte(request.text)}
		if got := testing.AllocsPerRun(1000, func() { r.read(t) }); got != 0 {
			t.Errorf("%s: got %v allocations for each request, want none", request.name, got)
		}
	}
}

func BenchmarkParsing(b *testing.B) {
	for _, request := range requests {
		b.Run(request.name, func(b *testing.B) {
			r := &reader{text: []byte(request.text)}
			b.ReportAllocs()
			b.SetBytes(int64(len(request.text)))
			for b.Loop() {
				r.read(b)
			}
		})
	}
}

// FuzzBody holds the reading of a body in pieces against reading it at once.
func FuzzBody(f *testing.F) {
	for _, request := range requests {
		f.Add(request.text, 1)
	}
	f.Fuzz(func(t *testing.T, raw string, piece int) {
		piece = max(1, piece%64)
		_, body, err := read(&source{rest: []byte(raw), piece: piece})
		_, want, wantErr := read(&source{rest: []byte(raw), piece: len(raw) + 1})
		if body != want || (err == nil) != (wantErr == nil) {
			t.Errorf("in pieces of %d: got %q and %v, want %q and %v", piece, body, err, want, wantErr)
		}
	})
}
