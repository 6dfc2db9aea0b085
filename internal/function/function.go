// Package function says what is known of a function value: its name, and where it
// stands.
package function

import (
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// Of returns the full name of a function, with its package, and where it is declared.
func Of(f any) (name, file string, line int) {
	found := runtime.FuncForPC(reflect.ValueOf(f).Pointer())
	if found == nil {
		return "unknown", "unknown", 0
	}
	file, line = found.FileLine(found.Entry())
	return found.Name(), file, line
}

// Name returns the name of a function without its package, or "" for a function literal.
func Name(f any) string {
	full, _, _ := Of(f)
	full = strings.TrimSuffix(strings.ReplaceAll(full, "[...]", ""), "-fm")
	parts := strings.Split(full[strings.LastIndexByte(full, '/')+1:], ".")
	if slices.ContainsFunc(parts[1:], literal.MatchString) {
		return ""
	}
	return parts[len(parts)-1]
}

// literal matches the parts of a name that the compiler gives to a function literal.
var literal = regexp.MustCompile(`^(|glob|(func)?[0-9]+.*)$`)
