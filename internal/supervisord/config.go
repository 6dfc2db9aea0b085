package supervisord

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// readSection returns the settings of one section of a configuration file, with
// %(here)s and %(ENV_NAME)s replaced as supervisor does. A section that is not there is
// empty.
func readSection(file, section string) (map[string]string, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	settings, inside := map[string]string{}, false
	for line := range strings.Lines(string(content)) {
		line = strings.TrimRight(line, "\r\n")
		if at := strings.Index(line, " ;"); at >= 0 { // a comment behind a setting
			line = line[:at]
		}
		switch trimmed := strings.TrimSpace(line); {
		case trimmed == "" || trimmed[0] == ';' || trimmed[0] == '#':
		case trimmed[0] == '[':
			inside = trimmed == "["+section+"]"
		case inside:
			if key, value, found := cut(trimmed); found {
				settings[key] = expand(value, file)
			}
		}
	}
	return settings, nil
}

// cut takes KEY=VALUE or KEY: VALUE apart.
func cut(line string) (key, value string, found bool) {
	at := strings.IndexAny(line, "=:")
	if at < 0 {
		return "", "", false
	}
	return strings.ToLower(strings.TrimSpace(line[:at])), strings.TrimSpace(line[at+1:]), true
}

var expression = regexp.MustCompile(`%\(([A-Za-z0-9_]+)\)s`)

func expand(value, file string) string {
	value = expression.ReplaceAllStringFunc(value, func(found string) string {
		name := expression.FindStringSubmatch(found)[1]
		if name == "here" {
			if absolute, err := filepath.Abs(filepath.Dir(file)); err == nil {
				return absolute
			}
		}
		if variable, ok := strings.CutPrefix(name, "ENV_"); ok {
			return os.Getenv(variable)
		}
		return found
	})
	return strings.ReplaceAll(value, "%%", "%")
}
