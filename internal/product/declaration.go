package product

import (
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// declaration is a function or variable of a name in the table.
type declaration struct {
	name     string
	position token.Position
	function *ast.FuncType // nil for a variable
	imports  imports       // of its file
	cgo      bool          // its file imports "C"
}

// declarations are those of one folder.
type declarations struct {
	names     []packageClause        // the package names of the folder's files, each once; empty without files
	functions map[string]declaration // by name
}

type packageClause struct {
	name     string
	position token.Position
}

// goFiles returns the names of the Go files of a folder that are compiled: those
// whose build constraints hold, without tests.
func (s *survey) goFiles(folder string) []string {
	dir := filepath.Join(s.dir, filepath.FromSlash(folder))
	entries, _ := os.ReadDir(dir) // folders has reported an error
	var names []string
	for _, entry := range entries {
		name := entry.Name()
		if entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		if match, err := s.context.MatchFile(dir, name); err == nil && match {
			names = append(names, name)
		}
	}
	return names
}

// declarations reads the Go files of a folder for these names. A file that can't
// be parsed is a problem.
func (s *survey) declarations(folder string, names []string) declarations {
	found := declarations{functions: map[string]declaration{}}
	for _, name := range s.goFiles(folder) {
		path := filepath.Join(s.dir, filepath.FromSlash(folder), name)
		file, err := parser.ParseFile(s.files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			s.syntax(path, err)
			continue
		}
		if !slices.ContainsFunc(found.names, func(c packageClause) bool { return c.name == file.Name.Name }) {
			found.names = append(found.names, packageClause{file.Name.Name, s.position(file.Name)})
		}
		s.collect(found.functions, file, names)
		s.warnOfFile(folder, file)
	}
	return found
}

// position returns where a node is, whatever a //line directive says.
func (s *survey) position(node ast.Node) token.Position {
	return s.files.PositionFor(node.Pos(), false)
}

func (s *survey) syntax(path string, err error) {
	position := token.Position{Filename: path}
	message := strings.TrimPrefix(err.Error(), path+": ")
	if list, ok := err.(scanner.ErrorList); ok && len(list) > 0 {
		position, message = list[0].Pos, list[0].Msg
	}
	s.add(position, "%s", message)
}

func (s *survey) collect(into map[string]declaration, file *ast.File, names []string) {
	imports := fileImports(file)
	add := func(name *ast.Ident, function *ast.FuncType) {
		if _, twice := into[name.Name]; slices.Contains(names, name.Name) && !twice { // the compiler says that it is there twice
			_, cgo := imports.names["C"]
			into[name.Name] = declaration{name.Name, s.position(name), function, imports, cgo}
		}
	}
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if decl.Recv == nil {
				add(decl.Name, decl.Type)
			}
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				if values, ok := spec.(*ast.ValueSpec); ok && decl.Tok == token.VAR {
					for _, name := range values.Names {
						add(name, nil)
					}
				}
			}
		}
	}
}

// check returns the adapter of a declaration, if it has one, and whether it is a
// function of a shape that the table has for it.
func (s *survey) check(d declaration, want *declarable) (adapter string, ok bool) {
	switch {
	case d.function == nil:
		s.add(d.position, "%s is a variable: declare it as a function", d.name)
		return "", false
	case d.cgo:
		s.add(d.position, `%s is in a file that imports "C": a product is built without cgo, so move it into another file`, d.name)
		return "", false
	case d.function.TypeParams != nil:
		s.add(d.position, "%s has type parameters: write out its types", d.name)
		return "", false
	}
	adapter, ok = want.adapterOf(d.imports.signature(d.function))
	switch {
	case ok:
	case want.isAction():
		s.add(d.position, "%s is a %s, which is no action: give it one of the shapes below, or another name", d.name, text(s.files, d.function))
		s.shapes = true
	default:
		s.add(d.position, "%s is a %s: it must be a %s, written so, or have another name", d.name, text(s.files, d.function), want.shapes[0])
	}
	return adapter, ok
}
