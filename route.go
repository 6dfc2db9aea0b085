package apiphant

import (
	"errors"
	"fmt"
	"strings"
)

// Route names a function of a product: POST /api/{version}/{t/a/r/g/e/t}/{action}.
type Route struct {
	Version string // "v0"
	Target  string // "echo", "shop/orders/items"
	Action  string // "create", "read", "update" or "delete"
}

// Path returns the path that the route is served at, "/api/v0/echo/read". The path
// of a request must be equal to it byte for byte: with another letter case, a doubled
// or a trailing slash, dot segments or escapes, it is another path.
func (r Route) Path() string {
	return PathPrefix + "/" + r.Version + "/" + r.Target + "/" + r.Action
}

// String returns the Path.
func (r Route) String() string { return r.Path() }

// PathPrefix is what the path of every route begins with.
const PathPrefix = "/api"

// splitTarget splits "v0/shop/orders" into "v0" and "shop/orders".
func splitTarget(path string) (version, target string, err error) {
	version, target, _ = strings.Cut(path, "/")
	if err := checkVersion(version); err != nil {
		return "", "", err
	}
	if target == "" {
		return "", "", errors.New(`want a version and a target, such as "v0/echo"`)
	}
	for segment := range strings.SplitSeq(target, "/") {
		if err := checkSegment(segment); err != nil {
			return "", "", err
		}
	}
	return version, target, nil
}

// checkMiddlewarePath accepts what [API.Use] can wrap: everything (""), a
// version ("v0"), a target and what lies below it ("v0/shop").
func checkMiddlewarePath(path string) error {
	if path == "" {
		return nil
	}
	if !strings.Contains(path, "/") {
		return checkVersion(path)
	}
	_, _, err := splitTarget(path)
	return err
}

func checkVersion(version string) error {
	digits, ok := strings.CutPrefix(version, "v")
	if !ok || digits == "" || strings.Trim(digits, "0123456789") != "" {
		return fmt.Errorf("version %q: want v and digits, such as v0", version)
	}
	return nil
}

// checkSegment accepts the unreserved characters of RFC 3986, section 2.3, which need
// no escape in any path.
func checkSegment(segment string) error {
	if segment == "" || segment == "." || segment == ".." {
		return fmt.Errorf("target has a segment %q", segment)
	}
	for _, c := range []byte(segment) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~", c) >= 0:
		default:
			return fmt.Errorf("target has %q in the segment %q: want letters, digits and -._~", c, segment)
		}
	}
	return nil
}
