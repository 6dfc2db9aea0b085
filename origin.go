package apiphant

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/apiphant/apiphant/internal/hosts"
)

// The Origin header of a browser's request names the site of the page that made it (RFC
// 6454, section 7). A page of another site can read the answer only if the server
// allows that site (CORS: the Fetch standard, section 3.3). But the browser sends many
// requests without asking first. So a request from an origin that is not allowed is
// refused before any function runs, or it could still change something (CSRF).

// standing is whether the origin of a request may call the API, and by which rule.
type standing uint8

const (
	misdirected   standing = iota // the request is for a host that is none of [API.Hosts]
	noOrigin                      // no Origin header: not a browser, or a plain GET such as a link that was followed
	ownOrigin                     // the site that serves the API
	foreignOrigin                 // another site, which is not allowed
	anyOrigin                     // allowed by "*"
	matchedOrigin                 // allowed by "https://*.example.com"
	namedOrigin                   // allowed by its name: its requests may have cookies, too
)

func (s standing) isAllowed() bool { return s >= anyOrigin }

// origins is [API.AllowOrigins] in a form that is fast to look up.
type origins struct {
	some    bool            // AllowOrigins is not empty
	any     bool            // "*" is among them
	named   map[string]bool // those without a wildcard
	matched []subdomains
}

// subdomains are the origins that a setting such as "https://*.example.com" allows.
type subdomains struct{ before, after string } // "https://", ".example.com"

func (s subdomains) match(origin string) bool {
	rest, ok := strings.CutPrefix(origin, s.before)
	name, under := strings.CutSuffix(rest, s.after)
	return ok && under && name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == ""
}

// compileOrigins parses [API.AllowOrigins].
func compileOrigins(allowed []string) (origins, []error) {
	var errs []error
	all := origins{some: len(allowed) > 0, named: map[string]bool{}}
	for _, text := range allowed {
		if text == "*" {
			all.any = true
			continue
		}
		scheme, host, err := splitOrigin(text)
		if err != nil {
			errs = append(errs, fmt.Errorf("origin %q: %w", text, err))
			continue
		}
		host = withoutDefaultPort(scheme, host)
		if after, ok := strings.CutPrefix(host, "*."); ok {
			if err := hosts.CheckWildcard(after); err != nil {
				errs = append(errs, fmt.Errorf("origin %q: %w", text, err))
			}
			all.matched = append(all.matched, subdomains{scheme + "://", "." + after})
			continue
		}
		all.named[scheme+"://"+host] = true
	}
	return all, errs
}

var originForm = regexp.MustCompile(`^([a-z][a-z0-9+.-]*)://((?:\*\.)?(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]+)?)$`)

// splitOrigin parses an element of [API.AllowOrigins] other than "*". It returns its
// scheme and its host, with the port if there is one, both in lower case.
func splitOrigin(text string) (scheme, host string, err error) {
	parts := originForm.FindStringSubmatch(strings.ToLower(text))
	switch {
	case parts != nil:
		return parts[1], parts[2], nil
	case text == "null":
		return "", "", errors.New("every sandboxed page has this origin, whichever site it is from: want the origin of a site")
	default:
		return "", "", errors.New(`want SCHEME://HOST and nothing after it, such as "https://app.example.com" or "https://*.example.com"; or "*"`)
	}
}

func withoutDefaultPort(scheme, host string) string {
	switch scheme {
	case "http":
		return strings.TrimSuffix(host, ":80")
	case "https":
		return strings.TrimSuffix(host, ":443")
	}
	return host
}

// standing returns the standing of the origin that the request of door comes from.
func (o *origins) standing(origin string, door Door) standing {
	switch {
	case origin == "":
		return noOrigin
	case o.named[origin]:
		return namedOrigin
	case isOwn(origin, door):
		return ownOrigin
	}
	for _, subdomains := range o.matched {
		if subdomains.match(origin) {
			return matchedOrigin
		}
	}
	if o.any {
		return anyOrigin
	}
	return foreignOrigin
}

// isOwn reports whether origin is the site that the request was sent to, by its Host. If
// the client used HTTPS, the origin of a page that was loaded over HTTP is not the same
// site: somebody on the network may have changed that page.
func isOwn(origin string, door Door) bool {
	scheme, host, _ := strings.Cut(origin, "://")
	if scheme != "https" && (scheme != "http" || strings.EqualFold(door.Header("X-Forwarded-Proto"), "https")) {
		return false
	}
	host = withoutDefaultPort(scheme, host)
	return host != "" && strings.EqualFold(host, withoutDefaultPort(scheme, door.Header("Host")))
}

// admit finds the standing of the request's origin, unless the host is another's. If the
// origin is allowed, admit sets the CORS headers that let its pages read the answer, also
// where that is an error.
func (c *Call) admit(a *API) {
	if len(a.Hosts) > 0 && !a.hosts.Has(c.door.Header("Host")) {
		c.standing = misdirected
		return
	}
	o := &a.origins
	origin := c.door.Header("Origin")
	c.standing = o.standing(origin, c.door)
	// The answer depends on Origin. A request without one is included where it may be a
	// GET, since a cache may keep its answer and give it to pages of other sites.
	if o.some && (origin != "" || c.match.Endpoint != nil && c.match.Endpoint.RawRequest) {
		c.varies = true
		c.SetHeader("Vary", "") // SetHeader adds Origin
	}
	if !c.standing.isAllowed() {
		return
	}
	if c.standing == anyOrigin {
		origin = "*"
	}
	c.door.SetHeader("Access-Control-Allow-Origin", origin)
	c.door.SetHeader("Access-Control-Expose-Headers", requestIDHeader)
	if c.standing == namedOrigin {
		c.door.SetHeader("Access-Control-Allow-Credentials", "true")
	}
}

// foreign returns the error for a request from an origin that is not allowed. Its text is
// for the log, and names the setting that would allow the origin.
func (c *Call) foreign() error {
	return &Error{Status: http.StatusForbidden, Err: fmt.Errorf(
		"its origin %.100q is neither the host that was asked, %.100q, nor one of AllowOrigins (--allow-origin)",
		c.door.Header("Origin"), c.door.Header("Host"))}
}

// otherHost returns the error for a request for a host that is none of [API.Hosts]. Its
// text is for the log, and names the setting that would add the host.
func (c *Call) otherHost() error {
	return &Error{Status: http.StatusMisdirectedRequest, Err: fmt.Errorf(
		"its host %.100q is none of Hosts (--hosts)", c.door.Header("Host"))}
}

// isPreflight reports whether the request is a CORS preflight from an allowed origin, for
// a path that exists. A browser sends one to ask which methods and headers a page may use.
func (c *Call) isPreflight() bool {
	return c.standing.isAllowed() && c.isKnown() && c.Method() == http.MethodOptions &&
		c.door.Header("Access-Control-Request-Method") != ""
}

// isKnown reports whether the path of the request has an endpoint, for any method.
func (c *Call) isKnown() bool { return c.match.Endpoint != nil || c.match.allow() != "" }

// answerPreflight answers a preflight without a call of the function. It allows the methods
// that the path accepts, and all headers that the browser asks for.
func (c *Call) answerPreflight() {
	methods := c.match.allow()
	if methods == "" {
		methods = "GET, HEAD, POST, PUT, PATCH, DELETE"
	}
	c.door.SetHeader("Access-Control-Allow-Methods", methods)
	if headers := c.door.Header("Access-Control-Request-Headers"); headers != "" {
		c.door.SetHeader("Access-Control-Allow-Headers", headers)
	}
	c.door.SetHeader("Access-Control-Max-Age", "7200") // seconds: Chromium accepts no more
	c.door.Answer(http.StatusNoContent, nil)
}
