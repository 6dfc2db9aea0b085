package apiphant

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// Door is how a transport lends one request to the pipeline and takes its
// answer: fasthttp (package server), a test in the same process (package
// apitest), and whatever comes later. A door translates its transport into
// these methods and back; what a call means is the pipeline's alone, see
// [API.Serve].
//
// All methods are called by one goroutine, between the start and the end of
// Serve. Strings that a door returns are safe to keep.
//
// A door that can do more also implements [Timed], [ClientWatcher] or
// [PanicCounter]. Package doortest proves that a door keeps to all of this.
type Door interface {
	// Method is the request's method as it came, such as "POST".
	Method() string

	// Header returns the first value of the request's header, "" where there
	// is none. The name is in canonical form, such as "Content-Type". "Host" is
	// what the client asked for. "X-Forwarded-Proto" is "https" where the
	// client is known to have asked by that; other headers that [IsForwarded]
	// tells are not there unless a proxy sent them that the door trusts, and
	// neither are they in Request.
	Header(name string) string

	// RemoteAddr is who asks; the zero Addr where the transport does not know.
	RemoteAddr() netip.Addr

	// Body returns the whole body, within the door's bound; its bytes are
	// valid until Serve returns. A body that is too large, that did not come
	// whole or that came too slowly is an error: an [*Error] with the status
	// to answer. It is called at most once, and not where Request was.
	Body() ([]byte, error)

	// Request returns the request in net/http's form with ctx as its context.
	// Its body streams: it is read while the function runs, under a bound of
	// its own ([http.MaxBytesError]), and a body that was cut off ends in an
	// error that is not io.EOF. It is called at most once.
	Request(ctx context.Context) *http.Request

	// SetHeader sets a header of the answer, also of one that a function
	// writes itself; without effect once the answer has started. What a function
	// sets itself under the same name comes in its place, but a Vary is added.
	SetHeader(name, value string)

	// AddHeader is SetHeader for one more value of the same name.
	AddHeader(name, value string)

	// Answer answers with a JSON body, or with none (and no Content-Type) where
	// it is nil; it keeps nothing of body. Headers that
	// were set on the ResponseWriter's Header do not go out.
	Answer(status int, body []byte)

	// ResponseWriter is for functions that write their own answer. Where
	// neither it nor Answer was used when Serve returns, the answer is an
	// empty 200, as it is in net/http.
	ResponseWriter() http.ResponseWriter

	// Started tells whether some of the ResponseWriter's answer may have gone
	// out already, so that there can be no other.
	Started() bool

	// Abort ends a started answer in such a way that the caller can't take
	// what came of it for the whole.
	Abort()
}

// Timed is a [Door] that knows when its request came. The deadline of the call
// counts from then, and not from the start of Serve.
type Timed interface {
	// Began returns when the head of the request was read.
	Began() time.Time
}

// ClientWatcher is a [Door] that can notice that its client has gone away. The
// context of the call is then cancelled with [ErrClientGone] as its cause.
type ClientWatcher interface {
	// WatchClient lets gone be called once the client has gone away: by
	// another goroutine, at any time until the door's request ends, or never.
	// It must return at once, and not call gone itself. It is called at most
	// once in a call, and only when the function looks at its context.
	WatchClient(gone func())
}

// PanicCounter is a [Door] that counts the calls that ended with a panic.
type PanicCounter interface {
	// CountPanic is called once for such a call, before it is answered. A panic
	// with [http.ErrAbortHandler] is none.
	CountPanic()
}

// IsForwarded reports whether a header, in canonical form, is one in which proxies
// name the client that they ask for. Anybody can send it: who believes it
// believes whoever sent it.
func IsForwarded(name string) bool {
	return strings.HasPrefix(name, "X-Forwarded-") || name == "X-Real-Ip" || name == "Forwarded"
}
