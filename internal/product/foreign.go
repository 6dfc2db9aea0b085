package product

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/apiphant/apiphant/internal/origin"
)

// foreignImports returns the imports of other modules in the packages that are
// registered, and in those of the product that they import, each path once.
func (p *Product) foreignImports() []problem {
	search := importSearch{product: p, seen: map[string]bool{}, files: token.NewFileSet()}
	search.folders = survey{dir: p.Dir, context: p.tools.buildContext()}
	for _, found := range slices.Concat(p.Packages, p.Doors) {
		search.visit(found.Import)
	}
	return search.found
}

type importSearch struct {
	product *Product
	folders survey
	files   *token.FileSet
	seen    map[string]bool
	found   []problem
}

// visit reads the imports of one of the product's packages.
func (s *importSearch) visit(path string) {
	if s.seen[path] {
		return
	}
	s.seen[path] = true
	folder := strings.TrimPrefix(strings.TrimPrefix(path, s.product.module.prefix), "/")
	for _, name := range s.folders.goFiles(folder) {
		file := filepath.Join(s.product.Dir, filepath.FromSlash(folder), name)
		parsed, err := parser.ParseFile(s.files, file, nil, parser.ImportsOnly)
		if err != nil {
			continue // the compiler's
		}
		for _, spec := range parsed.Imports {
			if path, err := strconv.Unquote(spec.Path.Value); err == nil {
				s.imported(path, s.files.PositionFor(spec.Pos(), false))
			}
		}
	}
}

func (s *importSearch) imported(path string, position token.Position) {
	within := func(prefix string) bool { return path == prefix || strings.HasPrefix(path, prefix+"/") }
	first, _, _ := strings.Cut(path, "/")
	switch {
	case within(s.product.module.prefix):
		s.visit(path)
	case within(origin.Path), s.seen[path]:
	case strings.Contains(first, "."):
		s.seen[path] = true
		s.found = append(s.found, problem{position, path})
	}
}
