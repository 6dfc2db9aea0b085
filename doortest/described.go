package doortest

import (
	"context"
	"net/http"

	"github.com/apiphant/apiphant"
)

// described is a response with a status and headers of its own.
type described struct {
	ID     int `json:"id"`
	status int
	header http.Header
}

func (d described) StatusCode() int      { return d.status }
func (d described) Headers() http.Header { return d.header }

// addDescribed adds functions whose responses say more than their body.
func addDescribed(api *apiphant.API, read func(string, apiphant.Action)) {
	answers := func(name string, response *described) {
		read("v0/described/"+name, apiphant.FuncWithoutContext(
			func(apiphant.Object) (*described, error) { return response, nil }))
	}
	answers("created", &described{ID: 7, status: http.StatusCreated, header: http.Header{"Location": {"/api/v0/described/7"}}})
	answers("cookies", &described{ID: 7, header: http.Header{"Set-Cookie": {"a=1", "b=2"}, "cache-control": {"no-store"}}})
	answers("no-content", &described{ID: 7, status: http.StatusNoContent, header: http.Header{"Etag": {`"7"`}}})
	answers("not-modified", &described{ID: 7, status: http.StatusNotModified})
	answers("found", &described{ID: 7, status: http.StatusFound, header: http.Header{"Location": {"/elsewhere"}}})
	answers("nil", nil)
	answers("error", &described{ID: 7, status: http.StatusNotFound})
	answers("informational", &described{ID: 7, status: http.StatusEarlyHints})
	answers("length", &described{ID: 7, header: http.Header{"Content-Length": {"3"}}})
	answers("two-lines", &described{ID: 7, header: http.Header{"X-Lines": {"a\r\nX-Injected: yes"}}})
	answers("no-name", &described{ID: 7, header: http.Header{"X Bad": {"1"}}})
	answers("over-middleware", &described{ID: 7, header: http.Header{"X-From": {"response"}, "Vary": {"Accept"}}})
	api.Use("v0/described/over-middleware", func(next apiphant.Handler) apiphant.Handler {
		return func(ctx context.Context, call *apiphant.Call) error {
			call.SetHeader("X-From", "middleware")
			return next(ctx, call)
		}
	})
}
