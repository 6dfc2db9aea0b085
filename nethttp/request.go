package nethttp

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/internal/forwarded"
)

// requestTarget returns the target of a request as it came, below what was
// stripped from it on its way here: its escapes are not decoded. r.URL is what
// counts, as for every handler of net/http; the target that the client sent is
// taken where it says the same.
func requestTarget(r *http.Request) string {
	path, query, _ := strings.Cut(r.RequestURI, "?")
	if path == r.URL.Path && query == r.URL.RawQuery {
		return r.RequestURI
	}
	came, err := url.ParseRequestURI(r.RequestURI) // it has escapes, or the absolute form
	if err == nil && came.Path == r.URL.Path && came.RawPath == r.URL.RawPath && query == r.URL.RawQuery {
		return r.RequestURI
	}
	return r.URL.RequestURI()
}

func method(r *http.Request) string {
	if r.Method == "" {
		return http.MethodGet // net/http's clients may leave it out
	}
	return r.Method
}

// callContext returns the parent of a call's context. It has the values and the
// deadline of the request's context, and ends with it: where that ends without
// a cause of its own, the client has gone away.
func callContext(request context.Context) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(request))
	unwatch := context.AfterFunc(request, func() {
		switch cause := context.Cause(request); {
		case errors.Is(request.Err(), context.DeadlineExceeded): // ctx has the same
		case errors.Is(cause, context.Canceled):
			cancel(apiphant.ErrClientGone)
		default:
			cancel(cause)
		}
	})
	end := func() {}
	if deadline, ok := request.Deadline(); ok {
		ctx, end = context.WithDeadline(ctx, deadline)
	}
	return ctx, func() { unwatch(); end(); cancel(nil) }
}

func (x *exchange) Method() string { return method(x.request) }

func (x *exchange) Header(name string) string {
	switch {
	case name == "Host":
		return x.host()
	case name == "X-Forwarded-Proto":
		return x.proto()
	case apiphant.IsForwarded(name) && !x.trusted:
		return ""
	}
	return x.request.Header.Get(name)
}

func (x *exchange) RemoteAddr() netip.Addr { return x.client().Addr() }

// Request returns the request that the server made, without what its function
// must not see.
func (x *exchange) Request(ctx context.Context) *http.Request {
	r := x.request.WithContext(ctx)
	r.Method, r.Host, r.RequestURI = x.Method(), x.host(), x.target
	r.Header = r.Header.Clone()
	if r.Header == nil {
		r.Header = http.Header{}
	}
	if x.trusted {
		if client := x.client(); client.IsValid() {
			r.RemoteAddr = client.String()
		}
	} else {
		for name := range r.Header {
			if apiphant.IsForwarded(http.CanonicalHeaderKey(name)) {
				delete(r.Header, name)
			}
		}
	}
	if r.Body == nil || r.Body == http.NoBody {
		r.Body = http.NoBody
		return r
	}
	r.Body = x.openBody()
	return r
}

// peer returns the address that the connection comes from.
func (x *exchange) peer() netip.AddrPort {
	peer, err := netip.ParseAddrPort(x.request.RemoteAddr)
	if err != nil { // a middleware may have left the address alone
		address, _ := netip.ParseAddr(x.request.RemoteAddr)
		peer = netip.AddrPortFrom(address, 0)
	}
	return netip.AddrPortFrom(peer.Addr().Unmap(), peer.Port())
}

// client returns the address of the client. Behind a trusted proxy, that is not the peer.
func (x *exchange) client() netip.AddrPort {
	if !x.trusted {
		return x.peer()
	}
	return forwarded.Client(x.door.TrustedProxies, x.peer(), x.request.Header["X-Forwarded-For"])
}

// host returns the host that the client asked for.
func (x *exchange) host() string {
	if x.trusted {
		if host := forwarded.Host(x.request.Header["X-Forwarded-Host"]); host != "" {
			return host
		}
	}
	if x.request.Host != "" {
		return x.request.Host
	}
	return x.request.URL.Host
}

// proto returns "https" where the client is known to have asked by that.
func (x *exchange) proto() string {
	if x.trusted {
		if proto := forwarded.LastOf(x.request.Header["X-Forwarded-Proto"]); proto != "" {
			return proto
		}
	}
	if x.request.TLS != nil {
		return "https"
	}
	return ""
}
