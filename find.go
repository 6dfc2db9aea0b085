package apiphant

import (
	"net/http"
	"strings"

	"github.com/apiphant/apiphant/internal/decode"
	"github.com/apiphant/apiphant/internal/requesturi"
)

// Match is what [API.Find] found for a request, and what [API.Serve] answers it by.
type Match struct {
	// Endpoint is what the target names; nil where it names nothing, or
	// nothing for this method.
	Endpoint *Endpoint

	refusal int      // the status of a request that no function gets; else 0
	further *further // nil: the target is the path of a route, and its query does not count
}

// further is what a request has whose query counts: see [API.Address] and [Stream].
type further struct {
	rest  bool           // a pattern matches the path
	allow string         // the methods of the path, where it is not for this one
	path  []decode.Value // what the path has in place of {name}
	query string         // as it came
}

// Refused reports whether the request is answered with an error whatever its body
// is: with 404 where the target names nothing, and with 501 or 405 where what it
// names is not for this method. A door need not read such a body.
func (m Match) Refused() bool { return m.refusal != 0 }

// Find returns what a request asks for. target is the request's target as it came,
// with its query; the absolute form of RFC 9112, section 3.2.2, counts by its
// path. Neither is changed or kept. It does not allocate for the path of a route.
func (a *API) Find(method, target []byte) Match {
	a.once.Do(a.compile)
	path, query := requesturi.Split(target)
	if endpoint := a.endpoints[string(path)]; endpoint != nil {
		switch {
		case endpoint.RawRequest, string(method) == http.MethodPost:
			return Match{Endpoint: endpoint}
		case string(method) == http.MethodGet && endpoint.takesGet():
			return Match{Endpoint: endpoint, further: &further{query: string(query)}}
		}
		return Match{Endpoint: endpoint, refusal: http.StatusNotImplemented}
	}
	if len(a.patterns) == 0 {
		return Match{refusal: http.StatusNotFound}
	}
	return a.patterns.find(method, path, query)
}

// allow returns the methods that what the target names is for, where that is not
// the request's own method.
func (m Match) allow() string {
	switch m.refusal {
	case http.StatusNotImplemented:
		return strings.Join(m.Endpoint.Methods, ", ")
	case http.StatusMethodNotAllowed, http.StatusNoContent:
		return m.further.allow
	}
	return ""
}
