package lambdaemulator

import (
	"net/http"
	"strings"
	"time"

	"github.com/apiphant/apiphant/internal/lambdaemulator/gateway"
)

// Handler is what stands before a function: Lambda's Invoke API at its own paths, and at
// all others a gateway.
type Handler struct {
	function       *Function
	gateway        gateway.Kind
	gatewayTimeout time.Duration // of the gateway; 0: as long as the function runs
	admitted       chan struct{} // one is held by each request
}

// NewHandler returns what stands before a function.
func NewHandler(function *Function, kind gateway.Kind) *Handler {
	return &Handler{
		function: function, gateway: kind, gatewayTimeout: kind.Timeout(),
		admitted: make(chan struct{}, function.settings.Instances+waiting),
	}
}

// Server returns a server for the handler, with a client's time bounded.
func (h *Handler) Server() *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute, // of the whole request
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    64 << 10,

		DisableGeneralOptionsHandler: true, // OPTIONS * is answered as all others
	}
}

// waiting is how many requests may be read while all instances have a call: each may have
// a body.
const waiting = 16

// ServeHTTP is part of [http.Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // of the answer before this one
	isAPI := strings.HasPrefix(r.RequestURI, "/2015-03-31/") || strings.HasPrefix(r.RequestURI, "/2021-11-15/")
	select {
	case h.admitted <- struct{}{}:
		defer func() { <-h.admitted }()
	default:
		if isAPI {
			writeError(w, refusal(ErrThrottled))
		} else {
			h.answer(w, r, h.gateway.Failure(gateway.Throttled))
		}
		return
	}
	if isAPI {
		h.invokeAPI(w, r)
		return
	}
	h.serve(w, r)
}
