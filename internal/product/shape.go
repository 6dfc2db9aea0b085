package product

import (
	"go/ast"
	"go/printer"
	"go/token"
	"slices"
	"strconv"
	"strings"

	"github.com/apiphant/apiphant/internal/origin"
)

// backgroundPath is the import path of the package that background tasks are made with.
const backgroundPath = origin.Path + "/background"

// The types that tell one shape from another. A function must write them out:
// behind an alias of the product's own they can't be told from syntax.
const (
	contextType  = "context.Context"
	requestType  = "*net/http.Request"
	responseType = "net/http.ResponseWriter"
	handlerType  = origin.Path + ".Handler"
	actionsType  = origin.Path + ".Actions"
)

const shapesHelp = `An action is one of these, with context and net/http's types written out; ctx may be left out of
the first two; T is apiphant.Object or a struct; R is that, a pointer to a struct, or any:

	func(ctx context.Context, request T) (R, error)
	func(ctx context.Context, request T) error
	func(ctx context.Context, r *http.Request) (R, error)
	func(ctx context.Context, request T, w http.ResponseWriter) error
	func(w http.ResponseWriter, r *http.Request)`

// signature is a function's type with the names of its types resolved to import
// paths: "context.Context", "*net/http.Request", "apiphant.Object" where it
// can't be told or doesn't matter.
type signature struct {
	params, results []string
}

// adapter returns the name of the root package's adapter for an action of this
// shape, or "" where it is none.
func (s signature) adapter() string {
	switch {
	case s.is([]string{responseType, requestType}, nil):
		return "Raw"
	case s.is([]string{contextType, requestType}, []string{anyType, "error"}):
		return "RawRequest"
	case s.is([]string{contextType, anyType, responseType}, []string{"error"}):
		return "RawResponse"
	case s.is([]string{contextType, anyType}, []string{anyType, "error"}):
		return "Func"
	case s.is([]string{contextType, anyType}, []string{"error"}):
		return "Proc"
	case s.is([]string{anyType}, []string{anyType, "error"}):
		return "FuncWithoutContext"
	case s.is([]string{anyType}, []string{"error"}):
		return "ProcWithoutContext"
	}
	return ""
}

// anyType stands for T and R in a pattern: any type but those that belong to
// the transport.
const anyType = "T"

func (s signature) is(params, results []string) bool {
	return slices.EqualFunc(s.params, params, fits) && slices.EqualFunc(s.results, results, fits)
}

func fits(have, pattern string) bool {
	if pattern != anyType {
		return have == pattern
	}
	return have != contextType && have != requestType && have != responseType && !strings.HasPrefix(have, "...")
}

// imports is what the names of one file's imports stand for.
type imports struct {
	names map[string]string // "http" → "net/http"
	dots  []string          // paths imported with a dot
}

func fileImports(file *ast.File) imports {
	found := imports{names: map[string]string{}}
	for _, spec := range file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		switch {
		case spec.Name == nil:
			found.names[path[strings.LastIndexByte(path, '/')+1:]] = path
		case spec.Name.Name == ".":
			found.dots = append(found.dots, path)
		default:
			found.names[spec.Name.Name] = path
		}
	}
	return found
}

// signature resolves the type of a function of that file.
func (i imports) signature(function *ast.FuncType) signature {
	return signature{i.fields(function.Params), i.fields(function.Results)}
}

func (i imports) fields(list *ast.FieldList) []string {
	var types []string
	if list == nil {
		return nil
	}
	for _, field := range list.List {
		for range max(1, len(field.Names)) {
			types = append(types, i.typeName(field.Type))
		}
	}
	return types
}

func (i imports) typeName(expr ast.Expr) string {
	switch expr := expr.(type) {
	case *ast.Ident:
		return i.dotted(expr.Name)
	case *ast.SelectorExpr:
		if name, ok := expr.X.(*ast.Ident); ok {
			return i.names[name.Name] + "." + expr.Sel.Name
		}
	case *ast.StarExpr:
		return "*" + i.typeName(expr.X)
	case *ast.ParenExpr:
		return i.typeName(expr.X)
	case *ast.Ellipsis:
		return "..." + i.typeName(expr.Elt)
	case *ast.ArrayType:
		if expr.Len == nil {
			return "[]" + i.typeName(expr.Elt)
		}
	}
	return "other"
}

// dotted resolves a name without a package: one of those that shapes are told
// by, if the package that has it is imported with a dot.
func (i imports) dotted(name string) string {
	for _, full := range []string{
		contextType, requestType[1:], responseType, handlerType, actionsType,
		backgroundPath + ".Task", backgroundPath + ".AnyJob", backgroundPath + ".Engine", backgroundPath + ".Failure",
	} {
		dot := strings.LastIndexByte(full, '.')
		if full[dot+1:] == name && slices.Contains(i.dots, full[:dot]) {
			return full
		}
	}
	return name
}

var oneLine = strings.NewReplacer("( ", "(", ", )", ")")

// text returns a function's type as it is written, in one line.
func text(files *token.FileSet, function *ast.FuncType) string {
	var out strings.Builder
	if err := printer.Fprint(&out, files, &ast.FuncType{Params: function.Params, Results: function.Results}); err != nil {
		return "func"
	}
	return oneLine.Replace(strings.Join(strings.Fields(out.String()), " "))
}
