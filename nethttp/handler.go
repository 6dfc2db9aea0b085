package nethttp

import (
	"cmp"
	"fmt"
	"net/http"
	"net/netip"

	"github.com/apiphant/apiphant"
)

// The bounds of request bodies, as package server has them.
const (
	DefaultMaxBody   = 1 << 20 // 1 MiB
	DefaultMaxUpload = 1 << 30 // 1 GiB
)

// Handler returns a handler that serves an API. Like [http.ServeMux.Handle] it
// panics where that can't work: see [apiphant.API.Check].
func Handler(api *apiphant.API) http.Handler {
	if err := api.Check(); err != nil {
		panic(fmt.Sprintf("nethttp: the API can't be served:\n%v", err))
	}
	return &Door{API: api}
}

// Door is the [http.Handler] that serves an API, for whoever needs other bounds
// than [Handler] has. Only API is needed. The fields must not change once it
// serves.
type Door struct {
	API *apiphant.API

	// MaxBody bounds the body of a JSON request, in bytes; 0: DefaultMaxBody.
	MaxBody int64

	// MaxUpload bounds the body of a request that its function reads itself, or
	// that has files, in bytes; 0: DefaultMaxUpload. An action's own bound comes before both.
	MaxUpload int64

	// TrustedProxies are the networks whose X-Forwarded-For, X-Forwarded-Host
	// and X-Forwarded-Proto are believed. nil: nobody's; then functions see
	// none of these headers.
	TrustedProxies []netip.Prefix
}

// ServeHTTP answers one request. Where the client must not take the answer for
// whole, it panics with [http.ErrAbortHandler], as handlers of net/http do.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	target := requestTarget(r)
	match := d.API.Find([]byte(method(r)), []byte(target))
	ctx, stop := callContext(r.Context())
	defer stop()
	x := newExchange(d, w, r, target, match)
	returned := false
	defer func() {
		x.finish()
		if x.aborted && returned { // else the goroutine ends, and net/http closes the connection
			panic(http.ErrAbortHandler)
		}
	}()
	d.API.Serve(ctx, match, x)
	returned = true
}

// BodyLimit is part of [apiphant.BodyBounder].
func (x *exchange) BodyLimit() int64 { return x.limit() }

// limit is what the body of the request may have, in bytes.
func (x *exchange) limit() int64 {
	endpoint := x.match.Endpoint
	switch {
	case endpoint != nil && (endpoint.RawRequest || endpoint.Files):
		return cmp.Or(endpoint.MaxBody, x.door.MaxUpload, DefaultMaxUpload)
	case endpoint != nil:
		return cmp.Or(endpoint.MaxBody, x.door.MaxBody, DefaultMaxBody)
	}
	return cmp.Or(x.door.MaxBody, DefaultMaxBody)
}
