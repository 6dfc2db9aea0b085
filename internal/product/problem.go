package product

import (
	"cmp"
	"fmt"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// problem is one thing that is wrong with a product, and its place.
type problem struct {
	position token.Position // absolute file; line 0: the whole file or folder
	text     string
}

// problems is the error about all that is wrong with a product. Its text has a
// line for each problem, sorted by file and line, and the shapes of an action at
// its end if one of them is about a shape.
type problems struct {
	list   []problem
	shapes bool
}

func (p *problems) add(position token.Position, format string, values ...any) {
	p.list = append(p.list, problem{position, fmt.Sprintf(format, values...)})
}

// err returns p, or nil where nothing is wrong.
func (p *problems) err() error {
	if len(p.list) == 0 {
		return nil
	}
	slices.SortStableFunc(p.list, func(a, b problem) int {
		return cmp.Or(
			cmp.Compare(a.position.Filename, b.position.Filename),
			cmp.Compare(a.position.Line, b.position.Line),
		)
	})
	return p
}

func (p *problems) Error() string {
	var text strings.Builder
	for i, problem := range p.list {
		if i > 0 {
			text.WriteByte('\n')
		}
		text.WriteString(shortPath(problem.position.Filename))
		if problem.position.Line > 0 {
			fmt.Fprintf(&text, ":%d", problem.position.Line)
		}
		text.WriteString(": " + problem.text)
	}
	if p.shapes {
		text.WriteString("\n\n" + shapesHelp())
	}
	return text.String()
}

// shortPath returns path relative to the working directory if that is shorter,
// as the go command does.
func shortPath(path string) string {
	wd, err := os.Getwd()
	if err != nil {
		return path
	}
	short := path
	for _, base := range []string{wd, realPath(wd)} {
		if rel, err := filepath.Rel(base, path); err == nil && len(rel) < len(short) {
			short = rel
		}
	}
	return short
}

func realPath(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}
