package product

import (
	"go/ast"
	"go/printer"
	"go/token"
	"slices"
	"strconv"
	"strings"
)

// The types by which raw actions differ from the others. A function must write
// them out: an alias of the product's own can't be resolved from syntax.
const (
	contextType  = "context.Context"
	requestType  = "*net/http.Request"
	responseType = "net/http.ResponseWriter"
)

// signature is a function's type, each type in it with the import path of its
// package: "context.Context", "*net/http.Request". A type of the product's own
// package is its bare name, a type that no shape has may be "other".
type signature struct {
	params, results []string
}

// fits reports whether s is the type that pattern describes, in which T and R
// stand for any type but those of the transport.
func (s signature) fits(pattern signature) bool {
	return slices.EqualFunc(s.params, pattern.params, fits) && slices.EqualFunc(s.results, pattern.results, fits)
}

func fits(have, pattern string) bool {
	if pattern == "T" || pattern == "R" {
		return have != contextType && have != requestType && have != responseType && !strings.HasPrefix(have, "...")
	}
	generic, arguments, ok := strings.Cut(pattern, "[")
	if !ok || generic == "" {
		return have == pattern
	}
	haveGeneric, haveArguments, ok := strings.Cut(have, "[")
	return ok && haveGeneric == generic && slices.EqualFunc(splitArguments(haveArguments), splitArguments(arguments), fits)
}

// splitArguments returns the type arguments in "A,B[C,D]]": A and B[C,D].
func splitArguments(text string) (arguments []string) {
	depth, start := 0, 0
	for i, c := range text {
		switch {
		case c == '[':
			depth++
		case c == ']' && depth > 0:
			depth--
		case c == ']', c == ',' && depth == 0:
			arguments = append(arguments, text[start:i])
			start = i + 1
		}
	}
	return arguments
}

// imports resolves the names of packages in one file.
type imports struct {
	names map[string]string // "http" → "net/http"
	dots  []string          // the paths of those imported with a dot
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

// signature resolves the type of a function in that file.
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
	case *ast.IndexExpr:
		return i.typeName(expr.X) + "[" + i.typeName(expr.Index) + "]"
	case *ast.IndexListExpr:
		var arguments []string
		for _, argument := range expr.Indices {
			arguments = append(arguments, i.typeName(argument))
		}
		return i.typeName(expr.X) + "[" + strings.Join(arguments, ",") + "]"
	}
	return "other"
}

// dotted resolves a name without a package: it may be a type that a shape has,
// if the package of that is imported with a dot.
func (i imports) dotted(name string) string {
	if len(i.dots) == 0 {
		return name
	}
	for _, full := range typesOf(tableOf()) {
		dot := strings.LastIndexByte(full, '.')
		if full[dot+1:] == name && slices.Contains(i.dots, full[:dot]) {
			return full
		}
	}
	return name
}

// typesOf returns the types of other packages that shapes have, without *, [] and
// type arguments.
func typesOf(table []room) []string {
	var types []string
	for _, room := range table {
		for _, function := range room.functions {
			for _, shape := range function.shapes {
				s := shape.signature()
				for _, full := range slices.Concat(s.params, s.results) {
					if full, _, _ = strings.Cut(strings.TrimLeft(full, "*[]"), "["); strings.Contains(full, ".") {
						types = append(types, full)
					}
				}
			}
		}
	}
	return types
}

var oneLine = strings.NewReplacer("( ", "(", ", )", ")")

// text returns a function's type as it is written, on one line.
func text(files *token.FileSet, function *ast.FuncType) string {
	var out strings.Builder
	if err := printer.Fprint(&out, files, &ast.FuncType{Params: function.Params, Results: function.Results}); err != nil {
		return "func"
	}
	return oneLine.Replace(strings.Join(strings.Fields(out.String()), " "))
}
