package apiphant

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// A browser says which site a request comes from (Origin: RFC 6454, section 7). It
// lets a page read an answer only where the server allows the page's site to (CORS:
// the Fetch standard, section 3.3). Many requests are sent before that is known,
// which is why one from a foreign origin is refused before anything runs.

// standing is how the API regards the origin of a request.
type standing uint8

const (
	noOrigin standing = iota // not a browser, or a link that was followed
	ownOrigin
	foreignOrigin
	anyOrigin     // allowed by "*"
	matchedOrigin // allowed by "https://*.example.com"
	namedOrigin   // allowed by its name: its requests may have cookies, too
)

func (s standing) isAllowed() bool { return s >= anyOrigin }

// origins are the sites whose pages may call, in the form in which they are looked up.
type origins struct {
	some    bool // there are any
	any     bool
	named   map[string]bool
	matched []subdomains
}

// subdomains are the origins of "https://*.example.com".
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
			all.matched = append(all.matched, subdomains{scheme + "://", "." + after})
			continue
		}
		all.named[scheme+"://"+host] = true
	}
	return all, errs
}

var originForm = regexp.MustCompile(`^([a-z][a-z0-9+.-]*)://((?:\*\.)?(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]+)?)$`)

// splitOrigin returns the scheme and the host of an origin in a setting, in lower case.
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

// standing returns how the API regards an origin, for a request of a door.
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

// isOwn reports whether origin is the host that was asked. Where the client used
// HTTPS, a page that came by HTTP is foreign: others may have changed it.
func isOwn(origin string, door Door) bool {
	scheme, host, _ := strings.Cut(origin, "://")
	if scheme != "https" && (scheme != "http" || strings.EqualFold(door.Header("X-Forwarded-Proto"), "https")) {
		return false
	}
	host = withoutDefaultPort(scheme, host)
	return host != "" && strings.EqualFold(host, withoutDefaultPort(scheme, door.Header("Host")))
}

// admit sets the headers that let the site of a request read the answer, an error
// too, where the site is allowed to.
func (c *Call) admit(o *origins) {
	origin := c.door.Header("Origin")
	c.standing = o.standing(origin, c.door)
	if o.some && (origin != "" || c.match.Endpoint != nil && c.match.Endpoint.RawRequest) { // a GET may be kept by a cache
		c.varies = true
		c.SetHeader("Vary", "")
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

// foreign returns the error for a request from a site that may not call. The log
// says what to set to allow the site.
func (c *Call) foreign() error {
	return &Error{Status: http.StatusForbidden, Err: fmt.Errorf(
		"its origin %.100q is neither the host that was asked, %.100q, nor one of AllowOrigins (--allow-origin)",
		c.door.Header("Origin"), c.door.Header("Host"))}
}

// isPreflight reports whether a browser asks, before it lets an allowed site send
// a request, what that may be like.
func (c *Call) isPreflight() bool {
	return c.standing.isAllowed() && c.isKnown() && c.Method() == http.MethodOptions &&
		c.door.Header("Access-Control-Request-Method") != ""
}

// isKnown reports whether the target names something, for whatever method.
func (c *Call) isKnown() bool { return c.match.Endpoint != nil || c.match.allow() != "" }

// answerPreflight allows all that the endpoint accepts. The function does not run.
func (c *Call) answerPreflight() {
	methods := c.match.allow()
	if methods == "" {
		methods = "GET, HEAD, POST, PUT, PATCH, DELETE"
	}
	c.door.SetHeader("Access-Control-Allow-Methods", methods)
	if headers := c.door.Header("Access-Control-Request-Headers"); headers != "" {
		c.door.SetHeader("Access-Control-Allow-Headers", headers)
	}
	c.door.SetHeader("Access-Control-Max-Age", "7200") // the most that all browsers accept
	c.door.Answer(http.StatusNoContent, nil)
}
