package doortest

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/apiphant/apiphant"
)

// addSites adds functions that answer with what they see of origins and proxies.
func addSites(api *apiphant.API, read func(string, apiphant.Action)) {
	api.Use("v2/varies", func(next apiphant.Handler) apiphant.Handler {
		return func(ctx context.Context, call *apiphant.Call) error {
			call.SetHeader("vary", "Accept-Language")
			return next(ctx, call)
		}
	})
	read("v2/varies", apiphant.Func(echo))
	read("v0/raw/vary", apiphant.Raw(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Vary", "Accept-Language") }))

	api.Use("v2/forwarded", func(apiphant.Handler) apiphant.Handler {
		return func(_ context.Context, call *apiphant.Call) error {
			seen := apiphant.Object{"local": call.RemoteAddr().IsLoopback()}
			for _, name := range []string{"Host", "Forwarded", "X-Real-Ip", "X-Forward", "X-Forwarded-For", "X-Forwarded-Proto",
				"X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-User"} {
				seen[name] = call.Header(strings.ToLower(name))
			}
			return call.Answer(seen)
		}
	})
	read("v2/forwarded", apiphant.Func(echo))
	read("v0/raw/forwarded", apiphant.RawRequest(func(_ context.Context, r *http.Request) (any, error) {
		names := []any{}
		for name := range r.Header {
			if strings.Contains(name, "Forward") || strings.Contains(name, "Real") {
				names = append(names, name)
			}
		}
		slices.SortFunc(names, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		return apiphant.Object{"forwarded": names, "host": r.Host, "remote": host}, err
	}))
}
