package database

import (
	"errors"
	"net/url"
	"slices"
	"strings"
)

// CheckUserinfo returns an error if the user and password of a URL have
// characters that must be escaped there. Libraries cut such a URL in different
// places: where one sees a password, another sees a part of it as the host, and
// prints it. Drivers call it before anything else sees the URL.
func CheckUserinfo(text string) error {
	_, rest, _ := strings.Cut(text, "://")
	authority, after := rest, ""
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority, after = rest[:end], rest[end:]
	}
	switch {
	case strings.Count(authority, "@") > 1:
		return errors.New("the URL has more than one @: in a user and a password, write @ as %40")
	case strings.Contains(after, "@"):
		return errors.New("the URL has an @ after its host: in a user, a password and what follows the host, write / ? # @ as %2F %3F %23 %40")
	}
	return nil
}

// redacted returns a URL without its password, and without all that follows the
// path, which may have others.
func redacted(text string) string {
	parsed, err := url.Parse(text)
	if err != nil || CheckUserinfo(text) != nil {
		scheme, _, _ := strings.Cut(text, "://")
		return scheme + "://…"
	}
	parsed.RawQuery, parsed.Fragment = "", ""
	parsed.ForceQuery = false
	return parsed.Redacted()
}

// withoutSecrets returns an error whose text has none of the secrets of a URL.
// It is the one place through which all errors pass that may contain a URL.
func withoutSecrets(err error, text string) error {
	secret := secrets(text)
	if !slices.ContainsFunc(secret, func(s string) bool { return strings.Contains(err.Error(), s) }) {
		return err
	}
	replaced := err.Error()
	for _, s := range secret {
		replaced = strings.ReplaceAll(replaced, s, "xxxxx")
	}
	return redactedError{replaced, err}
}

// redactedError keeps what errors.Is finds, and replaces the text.
type redactedError struct {
	text string
	err  error
}

func (e redactedError) Error() string        { return e.text }
func (e redactedError) Is(target error) bool { return errors.Is(e.err, target) }

// secrets returns the passwords of a URL, as they are written there and as they
// are meant. The longest come first, since one may be a part of another.
func secrets(text string) (found []string) {
	add := func(s string) {
		if unescaped, err := url.PathUnescape(s); err == nil && unescaped != "" {
			found = append(found, unescaped)
		}
		found = append(found, s)
	}
	_, rest, _ := strings.Cut(text, "://")
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		_, password, _ := strings.Cut(rest[:at], ":")
		add(password)
	}
	_, query, _ := strings.Cut(rest, "?")
	for parameter := range strings.SplitSeq(query, "&") {
		if name, value, _ := strings.Cut(parameter, "="); strings.Contains(strings.ToLower(name), "pass") {
			add(value)
			add(strings.ReplaceAll(value, "+", " "))
		}
	}
	// Every second word has a text of one or two characters.
	found = slices.DeleteFunc(found, func(s string) bool { return len(s) < 3 })
	slices.SortFunc(found, func(a, b string) int { return len(b) - len(a) })
	return slices.Compact(found)
}
