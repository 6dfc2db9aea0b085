package background

import (
	"fmt"
	"strings"

	"github.com/apiphant/apiphant/internal/function"
)

// FunctionName returns the name of a function, or "" for a function literal, and
// the place where it is declared.
func FunctionName(f any) (name, place string) {
	_, file, line := function.Of(f)
	return function.Name(f), fmt.Sprintf("%s:%d", file, line)
}

// declaration returns where a function is declared, in the form of a stack.
func declaration(f any) string {
	full, file, line := function.Of(f)
	return fmt.Sprintf("%s\n\t%s:%d", full, file, line)
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
