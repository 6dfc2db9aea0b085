package lambdahttp

import (
	"fmt"
	"net/url"
	"strings"
)

// URL returns the URL of a function and of a path with its query, as RoundTrip takes it.
// The function may have any of the names that AWS gives it: "shop", "shop:prod", "shop:3",
// "shop:$LATEST", "123456789012:function:shop", an ARN. net/url takes no colons in a host:
//
//	shop:prod                                         http+lambda://prod.shop
//	arn:aws:lambda:eu-west-1:123456789012:function:shop   http+lambda://arn.aws.lambda.eu-west-1.123456789012.function.shop
//
// A name that is none is found out by RoundTrip.
func URL(function, target string) string {
	host := strings.ReplaceAll(function, ":", ".")
	if name, qualifier, ok := strings.Cut(function, ":"); ok && !strings.Contains(qualifier, ":") {
		host = qualifier + "." + name
	}
	if !strings.HasPrefix(target, "/") && target != "" {
		target = "/" + target
	}
	return Scheme + "://" + host + target
}

// function is what a URL asks.
type function struct {
	host      string // as it stands in the URL
	name      string // or an ARN, without the qualifier
	qualifier string // an alias or a version; "": none
	region    string // of an ARN; "": none
}

// parseFunction returns the function that is the host of a URL: as URL writes it, or with
// AWS's colons, which a [url.URL] can have that was not parsed.
func parseFunction(from *url.URL) (function, error) {
	wrong := fmt.Errorf("lambdahttp: the host %q names no function: want http+lambda://NAME/path, or ALIAS.NAME, VERSION.NAME, or an ARN with dots in place of its colons", from.Host)
	if from.Scheme != Scheme {
		return function{}, fmt.Errorf("lambdahttp: the scheme of the URL is %q: want %s://FUNCTION/path", from.Scheme, Scheme)
	}
	separator := "."
	if strings.Contains(from.Host, ":") {
		separator = ":"
	}
	parts := strings.Split(from.Host, separator)
	for _, part := range parts {
		if !isName(part) {
			return function{}, wrong
		}
	}
	f := function{host: from.Host, name: parts[0]}
	full := 0 // the parts of a longer name without the qualifier
	switch n := len(parts); {
	case n == 1:
	case n == 2 && separator == ":":
		f.qualifier = parts[1]
	case n == 2:
		f.qualifier, f.name = parts[0], parts[1]
	case n <= 4 && parts[1] == "function":
		full = 3
	case (n == 7 || n == 8) && parts[0] == "arn" && parts[2] == "lambda" && parts[5] == "function":
		full, f.region = 7, parts[3]
	default:
		return function{}, wrong
	}
	if full > 0 {
		f.name, f.qualifier = strings.Join(parts[:full], ":"), strings.Join(parts[full:], "")
	}
	return f, nil
}

// isName reports whether a text may be a name, an alias or a part of an ARN.
func isName(s string) bool {
	return s == "$LATEST" || s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
}

// String returns the name as AWS writes it.
func (f function) String() string {
	if f.qualifier == "" {
		return f.name
	}
	return f.name + ":" + f.qualifier
}
