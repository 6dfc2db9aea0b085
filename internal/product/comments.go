package product

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// maxComment bounds one comment, in bytes: the program contains all of them.
const maxComment = 4 << 10

// findComments returns the doc comments of the product's actions, and of the
// types and fields of their requests and answers, also where those are in another
// package of the product. The keys are the names that package runtime gives to
// functions and package reflect to types: see [apiphant.API.Comments].
func (p *Product) findComments() map[string]string {
	search := commentSearch{product: p, files: token.NewFileSet(), packages: map[string]*sourcePackage{}, found: map[string]string{}}
	search.folders = survey{dir: p.Dir, context: p.tools.buildContext()}
	for _, registered := range p.Packages {
		in := search.load(registered.Import)
		for _, f := range registered.Functions {
			switch function := in.functions[f.Name]; {
			case function == nil || !f.isAction():
			case f.Adapter != "":
				search.function(in, function)
			default: // Actions, which names the functions
				search.names(in, function.body, function.imports)
			}
		}
	}
	return search.found
}

type commentSearch struct {
	product  *Product
	folders  survey
	files    *token.FileSet
	packages map[string]*sourcePackage // by import path
	found    map[string]string
}

// sourcePackage is a package of the product as its files are written.
type sourcePackage struct {
	path      string // to import it
	functions map[string]*sourceFunction
	types     map[string]*sourceType
}

type sourceFunction struct {
	*ast.FuncType
	name    string
	doc     *ast.CommentGroup
	body    *ast.BlockStmt
	imports imports // of its file
}

type sourceType struct {
	*ast.TypeSpec
	doc     *ast.CommentGroup
	imports imports // of its file
	visited bool
}

// load reads a package of the product. Of another module's it returns an empty
// one.
func (s *commentSearch) load(path string) *sourcePackage {
	if known := s.packages[path]; known != nil {
		return known
	}
	made := &sourcePackage{path: path, functions: map[string]*sourceFunction{}, types: map[string]*sourceType{}}
	s.packages[path] = made
	prefix := s.product.module.prefix
	if path != prefix && !strings.HasPrefix(path, prefix+"/") {
		return made
	}
	folder := strings.TrimPrefix(strings.TrimPrefix(path, prefix), "/")
	for _, name := range s.folders.goFiles(folder) {
		file, err := parser.ParseFile(s.files, filepath.Join(s.product.Dir, filepath.FromSlash(folder), name), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err == nil { // the compiler reports it
			made.add(file)
		}
	}
	return made
}

func (p *sourcePackage) add(file *ast.File) {
	imports := fileImports(file)
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if decl.Recv == nil {
				p.functions[decl.Name.Name] = &sourceFunction{decl.Type, decl.Name.Name, decl.Doc, decl.Body, imports}
			}
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				spec, ok := spec.(*ast.TypeSpec)
				if !ok {
					continue
				}
				doc := spec.Doc
				if doc == nil && !decl.Lparen.IsValid() {
					doc = decl.Doc
				}
				p.types[spec.Name.Name] = &sourceType{TypeSpec: spec, doc: doc, imports: imports}
			}
		}
	}
}

func (s *commentSearch) function(in *sourcePackage, f *sourceFunction) {
	s.add(in.path+"."+f.name, f.doc)
	s.names(in, f.FuncType, f.imports)
}

// names visits the types and functions that are named in a node of a package.
func (s *commentSearch) names(in *sourcePackage, node ast.Node, imports imports) {
	ast.Inspect(node, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.Field: // its own name is none of these
			s.names(in, node.Type, imports)
			return false
		case *ast.SelectorExpr:
			if name, ok := node.X.(*ast.Ident); ok && imports.names[name.Name] != "" {
				s.name(s.load(imports.names[name.Name]), node.Sel.Name)
				return false
			}
		case *ast.Ident:
			s.name(in, node.Name)
		}
		return true
	})
}

func (s *commentSearch) name(in *sourcePackage, name string) {
	if t := in.types[name]; t != nil && !t.visited {
		t.visited = true
		s.declaredType(in, t)
	}
	if f := in.functions[name]; f != nil && s.found[in.path+"."+name] == "" {
		s.function(in, f)
	}
}

func (s *commentSearch) declaredType(in *sourcePackage, t *sourceType) {
	key := in.path + "." + t.Name.Name
	s.add(key, t.doc)
	if fields, ok := t.Type.(*ast.StructType); ok {
		for _, field := range fields.Fields.List {
			doc := field.Doc
			if doc == nil {
				doc = field.Comment
			}
			for _, name := range field.Names {
				if name.IsExported() {
					s.add(key+"."+name.Name, doc)
				}
			}
		}
	}
	s.names(in, t.Type, t.imports)
}

// add keeps a comment. Directives such as //go:generate are no part of one.
func (s *commentSearch) add(key string, doc *ast.CommentGroup) {
	text := strings.TrimSpace(doc.Text())
	if len(text) > maxComment {
		end := maxComment
		for !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end] + "…"
	}
	if text = strings.ToValidUTF8(text, "\ufffd"); text != "" {
		s.found[key] = text
	}
}
