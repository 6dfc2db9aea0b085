package apiphant

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// A browser tells which site a request comes from (Origin: RFC 6454, section 7),
// and lets only sites that the server names read an answer (CORS: the Fetch
// standard, section 3.3). It sends many requests whoever may read the answers,
// which is why a foreign origin is refused before anything runs.

// standing is what the origin of a request is to the API.
type standing uint8

const (
	noOrigin standing = iota // not a browser, or a link that somebody followed
	ownOrigin
	foreignOrigin
	anyOrigin     // allowed as each is, by "*"
	matchedOrigin // allowed by "https://*.example.com"
	namedOrigin   // allowed by its name: it may have cookies sent, too
)

func (s standing) isAllowed() bool { return s >= anyOrigin }

// origins are those of other sites that may call.
type origins struct {
	some    bool // any of the following
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

// compileOrigins takes what [API.AllowOrigins] says apart.
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

// splitOrigin takes an origin as a setting has it apart, in small letters.
func splitOrigin(text string) (scheme, host string, err error) {
	parts := originForm.FindStringSubmatch(strings.ToLower(text))
	switch {
	case parts != nil:
		return parts[1], parts[2], nil
	case text == "null":
		return "", "", errors.New("every sandboxed page has it, whosever it is: it can't be allowed alone")
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

// standing returns what origin is to this API, for a request that came through
// a door.
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

// isOwn tells whether origin is the host that was asked. Where that was asked by
// https, whoever can change what goes over http is another.
func isOwn(origin string, door Door) bool {
	scheme, host, _ := strings.Cut(origin, "://")
	if scheme != "https" && (scheme != "http" || strings.EqualFold(door.Header("X-Forwarded-Proto"), "https")) {
		return false
	}
	host = withoutDefaultPort(scheme, host)
	return host != "" && strings.EqualFold(host, withoutDefaultPort(scheme, door.Header("Host")))
}

// admit lets the site that a request comes from read the answer, whatever that
// becomes, if it is allowed to.
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

// foreign is the error of a request from a site that may not call. What to set
// is told to who reads the log.
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

// answerPreflight allows what the endpoint would take; the function does not run.
func (c *Call) answerPreflight() {
	methods := c.match.allow()
	if methods == "" {
		methods = "GET, HEAD, POST, PUT, PATCH, DELETE"
	}
	c.door.SetHeader("Access-Control-Allow-Methods", methods)
	if headers := c.door.Header("Access-Control-Request-Headers"); headers != "" {
		c.door.SetHeader("Access-Control-Allow-Headers", headers)
	}
	c.door.SetHeader("Access-Control-Max-Age", "7200") // the most that every browser keeps to
	c.door.Answer(http.StatusNoContent, nil)
}
