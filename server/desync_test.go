package server_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server"
)

// stream is a client's side of a connection, sent already: the server reads it
// in pieces and then its end.
type stream struct {
	in     []byte
	piece  int
	closed chan struct{}
	once   sync.Once

	mu       sync.Mutex
	out      bytes.Buffer
	taken    []server.Taken
	requests []*http.Request // where it is net/http's
}

func newStream(in []byte, piece int) *stream {
	return &stream{in: in, piece: max(1, piece), closed: make(chan struct{})}
}

func (s *stream) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.in) == 0 {
		return 0, io.EOF
	}
	n := copy(p, s.in[:min(s.piece, len(s.in))])
	s.in = s.in[n:]
	return n, nil
}

func (s *stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out.Write(p)
}

func (s *stream) take(request server.Taken) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken = append(s.taken, request)
}

func (s *stream) Close() error {
	s.once.Do(func() { close(s.closed) })
	return nil
}

// CloseWrite is called where a server has answered, and then waits for a while.
func (s *stream) CloseWrite() error { return s.Close() }

func (*stream) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (*stream) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (*stream) SetDeadline(time.Time) error      { return nil }
func (*stream) SetReadDeadline(time.Time) error  { return nil }
func (*stream) SetWriteDeadline(time.Time) error { return nil }

// streams is a listener to which a test connects streams.
type streams chan net.Conn

func (l streams) Accept() (net.Conn, error) {
	if c, ok := <-l; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}

func (streams) Close() error   { return nil }
func (streams) Addr() net.Addr { return &net.TCPAddr{} }

// readers are this server and net/http's, each of which tells what it takes for
// a request.
type readers struct {
	t            testing.TB
	ours, theirs streams
}

type streamKey struct{}

func newReaders(t testing.TB) *readers {
	r := &readers{t, make(streams), make(streams)}
	ended := make(chan error, 2)
	go func() {
		s := &server.Server{API: &apiphant.API{}}
		ended <- s.ServeTaken(r.ours, func(c net.Conn, request server.Taken) { c.(*stream).take(request) })
	}()
	go func() {
		theirs := &http.Server{
			DisableGeneralOptionsHandler: true,
			MaxHeaderBytes:               4 << 10, // and 4 KiB that it adds
			ErrorLog:                     log.New(io.Discard, "", 0),
			ConnContext:                  func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, streamKey{}, c) },
			Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				s := r.Context().Value(streamKey{}).(*stream)
				s.requests = append(s.requests, r)
				s.take(server.Taken{
					Method: r.Method, Target: r.RequestURI, Host: r.Host, Body: string(body), Whole: err == nil})
			}),
		}
		ended <- theirs.Serve(r.theirs)
	}()
	t.Cleanup(func() {
		close(r.ours)
		close(r.theirs)
		wait(t, "one of the servers ends", ended)
		wait(t, "the other server ends", ended)
	})
	return r
}

// compare lets both servers read a stream, and fails where they differ in a way
// that is in no table.
func (r *readers) compare(in []byte, piece int) {
	r.t.Helper()
	ours, theirs := newStream(in, piece), newStream(withoutEmptyLines(in), 1<<20)
	r.ours <- ours
	r.theirs <- theirs
	<-ours.closed
	<-theirs.closed
	if difference := differ(ours, theirs); difference != "" {
		r.t.Fatalf("%s\nin pieces of %d:\n%q\nthis server took  %s\nand answered      %q\nnet/http took     %s\nand answered      %q",
			difference, piece, in, show(ours), ours.out.String(), show(theirs), theirs.out.String())
	}
}

func show(s *stream) string {
	var text strings.Builder
	for _, request := range s.taken {
		fmt.Fprintf(&text, "%+v ", request)
	}
	return text.String()
}

// differ says in what two readings of a stream differ, beyond what is tolerated.
func differ(ours, theirs *stream) string {
	for i := range min(len(ours.taken), len(theirs.taken)) {
		a, b := ours.taken[i], theirs.taken[i]
		if !a.Whole {
			if i == len(ours.taken)-1 && refused(ours) {
				return ""
			}
			return fmt.Sprintf("the body of request %d broke off, and that was not refused", i)
		}
		b.Host = a.Host // below
		if a != b {
			return fmt.Sprintf("request %d differs", i)
		}
		if !strings.EqualFold(ours.taken[i].Host, theirs.taken[i].Host) {
			return fmt.Sprintf("the host of request %d differs", i)
		}
	}
	if len(ours.taken) == len(theirs.taken) {
		return ""
	}
	for _, t := range tolerances {
		if t.is(ours, theirs) {
			return ""
		}
	}
	return fmt.Sprintf("this server took %d requests, net/http %d", len(ours.taken), len(theirs.taken))
}

// tolerance is why one server may take less than the other.
type tolerance struct {
	why     string
	section string // of the RFC
	is      func(ours, theirs *stream) bool
}

var tolerances = []tolerance{
	{"what this server refuses closes the connection, whatever net/http makes of it", "9112 2.2, 6.3", func(ours, theirs *stream) bool {
		return ours.took(theirs) < 0 && refused(ours)
	}},
	{"percent-encoding is for who decodes the path, which is compared as it stands here", "3986 2.1", func(ours, theirs *stream) bool {
		if ours.took(theirs) < 0 || lastStatus(theirs) != "400" {
			return false
		}
		_, err := url.ParseRequestURI(ours.taken[len(theirs.taken)].Target)
		return err != nil
	}},
	{"an expectation that nobody knows may be refused, and may be overlooked", "9110 10.1.1", func(ours, theirs *stream) bool {
		return ours.took(theirs) > 0 && lastStatus(theirs) == "417"
	}},
	{"the elements of Connection stand between commas; net/http finds close in \"x close\"", "9110 5.6.1", func(ours, theirs *stream) bool {
		return ours.took(theirs) > 0 && strings.Contains(lastAnswer(theirs), "Connection: close") && hasLooseClose(theirs.requests)
	}},
	{"whether a connection of HTTP/1.0 is kept is the server's choice", "9112 9.3", func(ours, theirs *stream) bool {
		return ours.took(theirs) < 0 && strings.Contains(lastAnswer(ours), "Connection: close") &&
			len(ours.taken) > 0 && theirs.requests[len(ours.taken)-1].Proto == "HTTP/1.0"
	}},
}

// took is how many requests more one server took than the other.
func (s *stream) took(other *stream) int { return len(s.taken) - len(other.taken) }

func refused(s *stream) bool { return lastStatus(s) >= "400" }

func lastStatus(s *stream) string {
	head := lastAnswer(s)
	if len(head) < len("HTTP/1.1 200") {
		return ""
	}
	return head[9:12]
}

// lastAnswer is the last head that a server sent.
func lastAnswer(s *stream) string {
	out := s.out.String()
	head, _, _ := strings.Cut(out[max(0, strings.LastIndex(out, "HTTP/1.")):], "\r\n\r\n")
	return head
}

// hasLooseClose tells whether close stands beside other words in an element of
// the last request's Connection.
func hasLooseClose(requests []*http.Request) bool {
	last := requests[len(requests)-1]
	for element := range strings.SplitSeq(strings.Join(last.Header["Connection"], ","), ",") {
		words := strings.Fields(strings.ToLower(element))
		if len(words) > 1 && slices.Contains(words, "close") {
			return true
		}
	}
	return false
}

// mutate makes a stream of one or two messages of the corpus, and changes some
// of it.
func mutate(random *rand.Rand, seeds []string) []byte {
	in := []byte(seeds[random.IntN(len(seeds))])
	if random.IntN(3) == 0 {
		in = append(in, seeds[random.IntN(len(seeds))]...)
	}
	for range random.IntN(4) {
		at := random.IntN(len(in) + 1)
		end := min(len(in), at+random.IntN(4))
		switch random.IntN(8) {
		case 0: // a byte
			if at < len(in) {
				in[at] = byte(random.IntN(256))
			}
		case 1: // less
			in = append(in[:at:at], in[end:]...)
		case 2: // twice
			in = append(in[:end:end], in[at:]...)
		case 3, 4, 5: // something of meaning
			word := words[random.IntN(len(words))]
			in = append(in[:at:at], append([]byte(word), in[end:]...)...)
		case 6: // something of meaning, at the beginning of a line
			if line := bytes.IndexByte(in[min(at, len(in)):], '\n'); line >= 0 {
				at += line + 1
				in = append(in[:at:at], append([]byte(words[random.IntN(len(words))]), in[at:]...)...)
			}
		default: // the end of another message
			other := seeds[random.IntN(len(seeds))]
			in = append(in[:at:at], other[random.IntN(len(other)+1):]...)
		}
	}
	return append(in, marker...)
}

// words are what parsers look at.
var words = []string{
	"\r\n", "\n", "\r", "\r\n\r\n", "\n\n", " ", "\t", "\x00", "\x0b", "\x7f", "\xa0", ":", ",", ";", "=", "\"", "#", "@", "/", "?", "*", "%", "[", "]",
	"0", "1", "2", "a", "A", "f", "+", "-", "0x", "_", ".", "0\r\n\r\n", "2\r\n{}\r\n", "0\r\n", ";a=b", ";a", "chunked", "identity", "Chunked", "close", "keep-alive",
	"Content-Length: 2\r\n", "Content-Length: 0\r\n", "Content-Length: 5\r\n", "Content-Length", "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: identity\r\n",
	"Transfer-Encoding", "Host: test\r\n", "Host: other\r\n", "Host", "Connection: close\r\n", "Connection: \r\n", "Connection: keep-alive\r\n", "Connection: upgrade\r\nUpgrade: x\r\n",
	"Expect: 100-continue\r\n", "Trailer: X\r\n", "TE: trailers\r\n", "X: y\r\n", " X: y\r\n", "X : y\r\n",
	"HTTP/1.1", "HTTP/1.0", "HTTP/1.2", "HTTP/2.0", "GET", "HEAD", "POST", "OPTIONS", "CONNECT", "http://test", "http://other", "test:80", marker,
}

// seeds are all messages of the corpus, as far as they are of a handy size.
func seeds() (all []string) {
	for _, cases := range [][]wireCase{wireRefused, wireUnfinished, wireAccepted, wireAccepted, wireAccepted, wireClosing} {
		for _, message := range cases {
			if len(message.raw) < 1000 {
				all = append(all, message.raw)
			}
		}
	}
	return append(all, marker)
}

// TestDesync compares what this server and net/http take for requests, of
// 2,000 streams or as many as APIPHANT_STREAMS says, which begin with those of
// APIPHANT_SEED.
func TestDesync(t *testing.T) {
	count, seed := setting(t, "APIPHANT_STREAMS", 2_000), setting(t, "APIPHANT_SEED", 1)
	readers, seeds := newReaders(t), seeds()
	random := rand.New(rand.NewPCG(uint64(seed), 0))
	for range count {
		readers.compare(mutate(random, seeds), 1+random.IntN(100)*random.IntN(100))
	}
}

func setting(t *testing.T, name string, otherwise int) int {
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// FuzzDesync does the same with streams of go test's own.
func FuzzDesync(f *testing.F) {
	for _, seed := range seeds() {
		f.Add([]byte(seed+marker), 1<<10)
	}
	readers := newReaders(f)
	f.Fuzz(func(t *testing.T, in []byte, piece int) {
		readers.t = t
		readers.compare(in, piece)
	})
}
