package decode

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// problem is a Problem whose path is not complete yet. The decoder does not keep the
// path of the value that it is at, which every request would pay for. Instead, each
// function on the way back from a wrong value appends the step that it had taken.
type problem struct {
	Problem        // its Path is relative to the value that the steps lead to
	steps   []step // the innermost first
}

// step leads from a value to one inside it.
type step struct {
	order   int    // of a field in its struct, or an element in its list
	name    string // of a field, or a key
	element bool   // of a list
}

// add records a problem with the value at hand.
func (d *decoder) add(p Problem) {
	d.found++
	if len(d.problems) < maxProblems {
		d.problems = append(d.problems, problem{Problem: p})
	}
}

func (d *decoder) invalid() { d.add(Problem{State: Invalid}) }

// under appends a step to the path of every problem after the first found ones: those
// that were found inside the value that the step leads to.
func (d *decoder) under(found int, s step) {
	for i := min(found, maxProblems); i < len(d.problems); i++ {
		d.problems[i].steps = append(d.problems[i].steps, s)
	}
}

// report returns the problems in the order of the struct's fields, one for each path.
func (d *decoder) report() []Problem {
	slices.SortStableFunc(d.problems, func(a, b problem) int {
		i, j := len(a.steps)-1, len(b.steps)-1
		for ; i >= 0 && j >= 0; i, j = i-1, j-1 {
			x, y := a.steps[i], b.steps[j]
			if c := cmp.Or(cmp.Compare(x.order, y.order), cmp.Compare(x.name, y.name)); c != 0 {
				return c
			}
		}
		return cmp.Compare(len(a.steps), len(b.steps)) // 0: both are with the same value
	})
	list := make([]Problem, 0, len(d.problems))
	for _, p := range d.problems {
		p.Path = p.path()
		if n := len(list); n == 0 || list[n-1].Path != p.Path {
			list = append(list, p.Problem)
		}
	}
	return list
}

func (p *problem) path() string {
	var b strings.Builder
	for _, s := range slices.Backward(p.steps) {
		if s.element {
			b.WriteString("[" + strconv.Itoa(s.order) + "]")
			continue
		}
		if isPlain(s.name) {
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(s.name)
			continue
		}
		b.WriteString("[" + quotedName(s.name) + "]")
	}
	if b.Len() > 0 && p.Path != "" && p.Path[0] != '[' {
		b.WriteByte('.')
	}
	b.WriteString(p.Path)
	return b.String()
}

// isPlain reports whether a name stands in a path as it is. One that could be taken
// for several steps, or for none, is in brackets and quotes, as in RFC 9535: ["a.b"].
func isPlain(name string) bool {
	return name != "" && !strings.ContainsAny(name, ".[]\"'\\") && !strings.ContainsFunc(name, unicode.IsControl)
}

func quotedName(name string) string {
	var quoted strings.Builder
	e := json.NewEncoder(&quoted)
	e.SetEscapeHTML(false)
	_ = e.Encode(name) // text can always be written
	return strings.TrimSuffix(quoted.String(), "\n")
}

// keyInPath shortens a key that the client chose, so that the answer does not repeat
// a long one a hundred times.
func keyInPath(key string) string {
	const most = 64
	if len(key) <= most {
		return key
	}
	end := most
	for !utf8.RuneStart(key[end]) {
		end--
	}
	return strings.Clone(key[:end]) + "…"
}
