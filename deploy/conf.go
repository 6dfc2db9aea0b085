package deploy

import (
	"fmt"
	"regexp"
	"strings"
)

// confLine is a line KEY=VALUE.
type confLine struct {
	number     int
	key, value string
}

var (
	confKey   = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)
	confPlain = regexp.MustCompile(`^[^\s"'$` + "`" + `\\;&|<>()#*?~!]*$`)
)

// parseConf parses lines KEY=VALUE, in which a value with spaces is quoted. It
// accepts only what a shell reads in the same way: no expansions and no escapes. Lines
// may end with CR LF, which quick-test.sh accepts, too.
func parseConf(content []byte) (lines []confLine, err error) {
	seen := map[string]bool{}
	number := 0
	for line := range strings.Lines(string(content)) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		key, value, found := strings.Cut(line, "=")
		if !found || !confKey.MatchString(key) {
			return nil, fmt.Errorf("%d: want KEY=VALUE, got %q", number, line)
		}
		if seen[key] {
			return nil, fmt.Errorf("%d: %s is set twice", number, key)
		}
		seen[key] = true
		if value, err = unquote(value); err != nil {
			return nil, fmt.Errorf("%d: %s: %w", number, key, err)
		}
		lines = append(lines, confLine{number, key, value})
	}
	return lines, nil
}

func unquote(value string) (string, error) {
	if len(value) >= 2 && (value[0] == '"' || value[0] == '\'') && value[len(value)-1] == value[0] {
		inner := value[1 : len(value)-1]
		if strings.ContainsAny(inner, "\"'$`\\") {
			return "", fmt.Errorf("%s has a quote, $, ` or \\ in it, which a shell would interpret", value)
		}
		return inner, nil
	}
	if !confPlain.MatchString(value) {
		return "", fmt.Errorf("want a value without spaces and shell characters, or a quoted one, got %s", value)
	}
	return value, nil
}
