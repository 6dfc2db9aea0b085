package hosts

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// CheckWildcard returns an error for a name below which anybody can have names of
// their own, so that "*." before it would stand for everybody: "com", "co.uk",
// "github.io". They are listed at publicsuffix.org. A top-level name that is not on
// that list, such as "internal" or "localhost", is a network's own. The name is in lower
// case, and may have a port.
func CheckWildcard(name string) error {
	name, _, _ = split(name)
	if _, err := netip.ParseAddr(withoutBrackets(name)); err == nil {
		return errors.New("there are no names below an address")
	}
	suffix, isICANN := publicsuffix.PublicSuffix(name)
	if suffix == name && (isICANN || strings.Contains(name, ".")) {
		return fmt.Errorf("anybody can have a name below %s: name your own, such as *.example.%[1]s", name)
	}
	return nil
}
