package apiphant

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// Door is one request of a transport, and its answer: package server has one for
// fasthttp, package nethttp for net/http and for tests, package lambda for AWS Lambda. A door
// translates its transport into these methods and back. What a call means is the
// pipeline's alone, see [API.Serve]: a function does not know which door its call
// came through.
//
// All methods are called between the start and the end of Serve, one at a time. Those
// of the ResponseWriter are called by other goroutines, too, also one at a time.
// Strings that they return may be kept.
//
// A door that can do more also implements [Timed], [ClientWatcher], [PanicCounter],
// [RowCounter], [BodyBounder], [MemoryKeeper], [UserTaker] or [ReasonTaker]. Package
// doortest proves that a door keeps to all of this.
type Door interface {
	// Method is the request's method as it came, such as "POST".
	Method() string

	// Header returns the first value of a header of the request, "" where there
	// is none. The name is in canonical form, such as "Content-Type". "Host" is
	// the host that the client asked. "X-Forwarded-Proto" is "https" where the
	// client is known to have used HTTPS. Other headers that [IsForwarded] reports
	// are left out, here and in Request, unless a proxy that the door trusts has
	// sent them.
	Header(name string) string

	// RemoteAddr is the client's address; the zero Addr where the transport does
	// not know it.
	RemoteAddr() netip.Addr

	// Body returns the whole body, which the door bounds; its bytes are valid
	// until Serve returns. For a body that is too large, incomplete or too slow it
	// returns an [*Error] with the status of the answer. It is called at most
	// once, and not after Request.
	Body() ([]byte, error)

	// Request returns the request as one of net/http with ctx as its context. Its
	// body is read while the function runs, has a bound of its own
	// ([http.MaxBytesError]), and ends with an error other than io.EOF where it
	// was cut off. Request is called at most once.
	Request(ctx context.Context) *http.Request

	// SetHeader sets a header of the answer, also of an answer that the function
	// writes itself. Once the answer has started it has no effect. Where the
	// function sets a header of the same name, the function's values count; those
	// of Vary are joined.
	SetHeader(name, value string)

	// AddHeader is SetHeader for one more value of the same name.
	AddHeader(name, value string)

	// Answer answers with a JSON body, or, where body is nil, without one and
	// without a Content-Type. It must not keep a body of up to 1 MiB; a larger one it
	// may, since nobody writes to that any more. Headers of the
	// ResponseWriter's Header are not sent.
	Answer(status int, body []byte)

	// ResponseWriter is what an answer is written to that streams, see
	// [Endpoint.Streams]. Where neither it nor Answer was used when Serve returns, the
	// answer is 200 with no body, as with net/http.
	ResponseWriter() http.ResponseWriter

	// Started reports whether part of the ResponseWriter's answer may have been
	// sent, so that another answer is impossible.
	Started() bool

	// Abort ends the answer such that the client can't take what it got for a
	// complete one: it closes or resets the connection, for example.
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
	// WatchClient arranges that gone is called when the client has gone away: by
	// another goroutine, before the request ends. It returns at once and does not
	// call gone itself. It is called at most once, and only where the function
	// uses Done or Err of its context, or returns a sequence.
	WatchClient(gone func())
}

// BodyBounder is a [Door] that says how large a body may be. What a compressed body is
// decoded to has the same bound, see [API.AcceptGzip].
type BodyBounder interface {
	// BodyLimit returns how many bytes the body of the request may have.
	BodyLimit() int64
}

// MemoryKeeper is a [Door] that bounds what the requests of all clients take of memory
// together. It is asked before files of a request are kept there, and before there is
// a larger buffer for a body that is being decoded.
type MemoryKeeper interface {
	// TakeMemory takes memory until the request ends, in bytes, and reports whether
	// there was as much. Where there was not, the files are kept on disk, and the
	// request whose body is decoded is answered with 503.
	TakeMemory(bytes int64) bool
}

// PanicCounter is a [Door] that counts the calls that ended with a panic.
type PanicCounter interface {
	// CountPanic is called once for such a call, before it is answered. A panic
	// with [http.ErrAbortHandler] is none.
	CountPanic()
}

// RowCounter is a [Door] that counts the rows of sequences, for its log.
type RowCounter interface {
	// CountRows is called once for each call whose function returns a sequence,
	// when its last row was written.
	CountRows(rows int64)
}

// UserTaker is a [Door] that logs who is calling.
type UserTaker interface {
	// TakeUser is called when a middleware has found out who is calling, see
	// [Call.SetUser], before the call is answered.
	TakeUser(name string)
}

// ReasonTaker is a [Door] that logs why a request was refused where the client is not
// told, as where its body is no JSON.
type ReasonTaker interface {
	// TakeReason is called at most once for a call, before it is answered. reason
	// repeats nothing of the request.
	TakeReason(reason string)
}

// IsForwarded reports whether a header, in canonical form, is one in which proxies
// describe the client that they ask for. Anybody can send such a header, so it is
// only as trustworthy as who has sent it.
func IsForwarded(name string) bool {
	return strings.HasPrefix(name, "X-Forwarded-") || name == "X-Real-Ip" || name == "Forwarded"
}
