package lambda

import (
	"encoding/base64"
	"errors"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// request is what a gateway was asked.
type request struct {
	kind   kind
	method string
	target string // the path with its escapes, and the query
	header http.Header
	host   string
	source netip.Addr
	body   []byte
	broken error // why the body can't be read; nil: it can
}

// errNoMethod is the error for a gateway's event that does not say what was asked.
var errNoMethod = errors.New("lambda: an event of a gateway has no method or no path")

// request returns what the client asked of the gateway.
func (e *event) request(k kind) (*request, error) {
	r := &request{kind: k, header: e.header(k)}
	path, query := text(e.Path), ""
	switch k {
	case gateway2:
		r.method, path, query = text(e.Context.HTTP.Method), text(e.RawPath), text(e.RawQuery)
	case gateway1:
		r.method, query = text(e.HTTPMethod), encodeQuery(e.Query, e.MultiQuery, escapeQuery)
	default: // a load balancer does not decode what it was sent
		r.method, query = text(e.HTTPMethod), encodeQuery(e.Query, e.MultiQuery, escapeInvalid)
	}
	if r.method == "" || path == "" {
		return nil, errNoMethod
	}
	if k == gateway1 || k == gateway2 {
		path = e.withoutBase(path, k)
	}
	r.target = escapePath(path)
	if query != "" {
		r.target += "?" + query
	}
	r.host = r.header.Get("Host")
	if r.host == "" && e.Context != nil {
		r.host = text(e.Context.DomainName)
	}
	r.source = e.source(k, r.header)
	r.body, r.broken = e.body()
	return r, nil
}

// header returns the headers of a request, with canonical names.
func (e *event) header(k kind) http.Header {
	header := http.Header{}
	if e.MultiHeaders != nil {
		header = make(http.Header, len(*e.MultiHeaders)+1)
		for _, name := range slices.Sorted(maps.Keys(*e.MultiHeaders)) {
			canonical := http.CanonicalHeaderKey(name)
			header[canonical] = append(header[canonical], (*e.MultiHeaders)[name]...)
		}
	}
	if e.Headers != nil {
		if len(header) == 0 {
			header = make(http.Header, len(*e.Headers)+1)
		}
		for name, value := range *e.Headers {
			if name = http.CanonicalHeaderKey(name); header[name] == nil {
				header[name] = []string{value}
			}
		}
	}
	if k == gateway2 && e.Cookies != nil && len(*e.Cookies) > 0 {
		header["Cookie"] = []string{strings.Join(*e.Cookies, "; ")}
	}
	return header
}

// source returns the address of the client: what the gateway says of it, or, of a load
// balancer, what that has added to X-Forwarded-For.
func (e *event) source(k kind, header http.Header) netip.Addr {
	said := ""
	switch {
	case k == gateway2:
		said = text(e.Context.HTTP.SourceIP)
	case k == gateway1 && e.Context != nil && e.Context.Identity != nil:
		said = text(e.Context.Identity.SourceIP)
	case k == balancer || k == balancerMulti:
		if came := header["X-Forwarded-For"]; len(came) > 0 {
			said = came[len(came)-1]
			said = strings.TrimSpace(said[strings.LastIndexByte(said, ',')+1:])
		}
	}
	address, err := netip.ParseAddr(said)
	if err != nil {
		if withPort, err := netip.ParseAddrPort(said); err == nil {
			address = withPort.Addr()
		}
	}
	return address.Unmap()
}

func (e *event) body() ([]byte, error) {
	if e.Body == nil || !e.isBase64() {
		return []byte(text(e.Body)), nil
	}
	body, err := base64.StdEncoding.DecodeString(*e.Body)
	if err != nil {
		return nil, errors.New("the body of the event is said to be base64, and is not")
	}
	return body, nil
}

// encodeQuery returns parameters as a query, in the order of their names. Of a name in
// both maps, the list counts.
func encodeQuery(single *map[string]string, multi *map[string][]string, escape func(string) string) string {
	var query strings.Builder
	add := func(name, value string) {
		if query.Len() > 0 {
			query.WriteByte('&')
		}
		query.WriteString(escape(name) + "=" + escape(value))
	}
	if multi != nil {
		for _, name := range slices.Sorted(maps.Keys(*multi)) {
			for _, value := range (*multi)[name] {
				add(name, value)
			}
		}
	}
	if single != nil {
		for _, name := range slices.Sorted(maps.Keys(*single)) {
			if multi == nil || (*multi)[name] == nil {
				add(name, (*single)[name])
			}
		}
	}
	return query.String()
}

// escapeQuery escapes a name or a value of a query that was decoded.
func escapeQuery(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// escapeInvalid escapes what no query can have, and leaves escapes as they are.
func escapeInvalid(s string) string {
	return escape(s, func(c byte) bool { return c > ' ' && c < 0x7f && c != '#' && c != '&' })
}

// escapePath escapes what no path can have. Gateways hand paths on as they came, or
// decoded in part: what looks like an escape is one.
func escapePath(path string) string {
	return escape(path, func(c byte) bool { return c > ' ' && c < 0x7f && c != '?' && c != '#' })
}

func escape(s string, isAllowed func(c byte) bool) string {
	const hex = "0123456789ABCDEF"
	var escaped []byte
	for i := range len(s) {
		c := s[i]
		if isAllowed(c) && (c != '%' || i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2])) {
			if escaped != nil {
				escaped = append(escaped, c)
			}
			continue
		}
		if escaped == nil {
			escaped = append(make([]byte, 0, len(s)+16), s[:i]...)
		}
		escaped = append(escaped, '%', hex[c>>4], hex[c&15])
	}
	if escaped == nil {
		return s
	}
	return string(escaped)
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// withoutBase takes from a path what is not the product's: the stage, and the base path
// of a custom domain, which stand before what the gateway's route matches.
func (e *event) withoutBase(path string, k kind) string {
	route := text(e.Resource)
	if k == gateway2 {
		_, route, _ = strings.Cut(text(e.RouteKey), " ") // "GET /items/{id}"
	}
	c := e.Context
	if c == nil {
		return path
	}
	stage := text(c.Stage)
	// A REST API leaves the stage out of path and has it in requestContext.path.
	if stage != "" && stage != "$default" && (k == gateway2 || text(c.Path) == path) {
		if rest, ok := strings.CutPrefix(path, "/"+stage); ok && (rest == "" || rest[0] == '/') {
			path = rest
			if path == "" {
				path = "/"
			}
		}
	}
	if !strings.HasPrefix(route, "/") {
		return path // "$default" matches all
	}
	if route == "/" {
		return route
	}
	matched := strings.Count(route, "/")
	if before, _, greedy := strings.Cut(route, "{"); greedy && strings.HasSuffix(route, "+}") && strings.Count(route, "{") == 1 {
		parameters, _ := e.PathParameters.(map[string]any)
		rest, ok := parameters[strings.TrimSuffix(route[len(before)+1:], "+}")].(string)
		if !ok || !strings.HasSuffix(path, "/"+rest) {
			return path
		}
		matched = strings.Count(before, "/") + strings.Count(rest, "/")
	} else if greedy && strings.Contains(route, "+}") {
		return path
	}
	for extra := strings.Count(strings.TrimSuffix(path, "/"), "/") - matched; extra > 0; extra-- {
		path = path[1+strings.IndexByte(path[1:], '/'):]
	}
	return path
}
