package background

import (
	"fmt"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// FunctionName returns the name of a function, or "" for a function literal, and
// the place where it is declared.
func FunctionName(f any) (name, place string) {
	full, file, line := function(f)
	place = fmt.Sprintf("%s:%d", file, line)
	full = strings.TrimSuffix(strings.ReplaceAll(full, "[...]", ""), "-fm")
	parts := strings.Split(full[strings.LastIndexByte(full, '/')+1:], ".")
	if slices.ContainsFunc(parts[1:], literal.MatchString) {
		return "", place
	}
	return parts[len(parts)-1], place
}

// literal matches the parts of a name that the compiler gives to a function
// literal.
var literal = regexp.MustCompile(`^(|glob|(func)?[0-9]+.*)$`)

// declaration returns where a function is declared, in the form of a stack.
func declaration(f any) string {
	full, file, line := function(f)
	return fmt.Sprintf("%s\n\t%s:%d", full, file, line)
}

func function(f any) (name, file string, line int) {
	found := runtime.FuncForPC(reflect.ValueOf(f).Pointer())
	if found == nil {
		return "unknown", "unknown", 0
	}
	file, line = found.FileLine(found.Entry())
	return found.Name(), file, line
}

// stackOf returns where an error comes from: the stack that the error itself
// prints with %+v, as those of many libraries do, or else the function that
// returned it.
func stackOf(err error, f any) string {
	if detailed := fmt.Sprintf("%+v", err); strings.Contains(detailed, "\n") && strings.HasPrefix(detailed, err.Error()) {
		if more := strings.TrimSpace(strings.TrimPrefix(detailed, err.Error())); more != "" {
			return more
		}
	}
	return declaration(f)
}
