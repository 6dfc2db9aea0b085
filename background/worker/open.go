package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/engine"
)

// known are the engines of this module, by scheme.
var known = map[string]string{"postgres": "postgres", "postgresql": "postgres", "sqlite": "sqlite"}

// Open opens the database that url names with the engine that the product has
// for it. What goes on in it is logged, unless log is nil.
func Open(ctx context.Context, product *background.Product, url string, log *slog.Logger) (engine.Database, error) {
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok || !schemeForm.MatchString(scheme) { // it may be a secret
		return nil, fmt.Errorf("--database has no scheme: %w", ErrScheme)
	}
	if known[scheme] == "postgres" && hasUnescapedPassword(rest) {
		return nil, errors.New("--database has an @ after its host: in a user, a password and what follows the host, write / ? # @ as %2F %3F %23 %40")
	}
	jobs, err := definitions(product)
	if err != nil {
		return nil, err
	}
	var engines []engine.Engine
	if product != nil && product.Engines != nil {
		engines = product.Engines()
	}
	for _, engine := range engines {
		if slices.Contains(engine.Schemes(), scheme) {
			database, err := engine.Open(ctx, url, jobs, cmp.Or(log, slog.New(slog.DiscardHandler)))
			if err != nil {
				return nil, fmt.Errorf("--database %s: %w", redacted(url), err)
			}
			return database, nil
		}
	}
	if name, ok := known[scheme]; ok {
		return nil, fmt.Errorf("--database %s: the product is built without this engine. Add to api/background:\n\n"+
			"\timport \"github.com/apiphant/apiphant/background/%s\"\n\n"+
			"\tfunc Engines() []background.Engine { return []background.Engine{%[2]s.Engine()} }", redacted(url), name)
	}
	return nil, fmt.Errorf("--database: there is no engine for %s: %w", scheme, ErrScheme)
}

// ErrScheme is in what [Product.Open] returns for a database of an unknown kind.
var ErrScheme = errors.New("want sqlite:///path or postgres://…")

var schemeForm = regexp.MustCompile("^[a-z][a-z0-9+.-]*$")

// hasUnescapedPassword tells whether what follows the scheme seems to have a
// password that was cut in two, of which one part would be taken for a name.
func hasUnescapedPassword(rest string) bool {
	host := strings.IndexAny(rest, "/?#")
	return host >= 0 && strings.Contains(rest[host:], "@")
}

// redacted returns a URL without what may be secret in it: the password, and all
// that follows the path.
func redacted(text string) string {
	parsed, err := url.Parse(text)
	if err != nil {
		scheme, _, _ := strings.Cut(text, "://")
		return scheme + "://…"
	}
	parsed.RawQuery, parsed.Fragment = "", ""
	return parsed.Redacted()
}
