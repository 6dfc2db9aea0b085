package product

import (
	"fmt"
	"go/ast"
	"go/parser"
	"slices"
	"strings"

	"github.com/apiphant/apiphant/internal/origin"
)

// room is a kind of folder in a product, with the functions that a package there
// may declare.
type room struct {
	folder    string // below the product: "api/background"; N and TARGET stand for any
	about     string // what the package is for, as a phrase
	door      string // the import path of the package whose Door has the functions as its fields; "": the API has them
	hint      string // how a product that declares nothing could use the room; "": not at all
	isAsked   bool   // the main names the door only where it is asked for, see [BuildOptions]
	functions []declarable
}

// declarable is a function that a product may declare.
type declarable struct {
	name  string
	about string // what becomes of it, as a phrase

	// shapes are the types that the function may have.
	shapes []shape

	// statement is how the generated main registers the function: PATH is the
	// quoted path of its package, PACKAGE the package's name in the main. "":
	// the function is the field of its name in the API, or in the room's Door.
	// Functions whose shape has an adapter are registered with the others of
	// their package.
	statement string

	// needs is the import path of a package that the statement names; "": none.
	needs string
}

// shape is a type of a function, as a user writes it.
type shape struct {
	text string // with the names of the packages at the end of their paths

	// adapter is the function of the root package that makes an action of such a
	// function; "": it is registered as it is.
	adapter string

	// contextOptional means that the parameter ctx may be left out; the adapter
	// then has WithoutContext at its name's end.
	contextOptional bool
}

// tableOf returns all that a product may declare. The scan, the generated main,
// the error messages and the help text are all made of it.
//
// To let products declare something new, add a row here. A row whose function is
// called by a door of its own is in a room with that door; the import paths of
// the types in a row are in typeImports.
func tableOf() []room {
	middleware := declarable{name: "Middleware", about: "wraps all that is at and below the folder",
		shapes:    []shape{{text: "func(next apiphant.Handler) apiphant.Handler"}},
		statement: "table.Use(PATH, PACKAGE.Middleware)"}
	return []room{
		{folder: apiFolder, about: "what goes for the whole product", functions: []declarable{
			{name: "Start", about: "runs once, before any other function is called", shapes: []shape{{text: "func(ctx context.Context) error"}}},
			{name: "Stop", about: "runs once, after all others have returned", shapes: []shape{{text: "func(ctx context.Context) error"}}},
			middleware,
			{name: "Rest", about: "gives functions further addresses: verbs and paths",
				shapes:    []shape{{text: "func() rest.Routes"}},
				statement: "rest.Register(table, PACKAGE.Rest)", needs: origin.Path + "/rest"},
		}},
		{folder: versionFolder, about: "a version", functions: []declarable{middleware}},
		{folder: targetFolder, about: "a target, any number of folders deep", functions: []declarable{
			middleware,
			{name: "Actions", about: "gives the four actions, where they are not functions of the package",
				shapes: []shape{{text: "func() apiphant.Actions"}}, statement: "table.Handle(PATH, PACKAGE.Actions())"},
			{name: "Create", about: "an action", shapes: actionShapes()},
			{name: "Read", about: "an action", shapes: actionShapes()},
			{name: "Update", about: "an action", shapes: actionShapes()},
			{name: "Delete", about: "an action", shapes: actionShapes()},
		}},
		{folder: "api/background", about: "what runs in the background", door: origin.Path + "/program/background",
			hint: "to run in the background, Tasks or Jobs",
			functions: []declarable{
				{name: "Tasks", about: "what runs on a schedule", shapes: []shape{{text: "func() []background.Task"}}},
				{name: "Jobs", about: "what can be enqueued", shapes: []shape{{text: "func() []background.AnyJob"}}},
				{name: "Engines", about: "the databases that jobs and ticks can be kept in", shapes: []shape{{text: "func() []background.Engine"}}},
				{name: "OnError", about: "runs after a run has failed", shapes: []shape{{text: "func(ctx context.Context, failure background.Failure) error"}}},
			}},
		{folder: eventsFolder, about: "what AWS Lambda is called for besides requests", door: lambdaDoor, isAsked: true,
			hint: "for events of AWS Lambda, Message, File or Event",
			functions: []declarable{
				{name: "Message", about: "takes a message of an SQS queue", shapes: []shape{{text: "func(ctx context.Context, message lambda.Message) error"}}},
				{name: "File", about: "takes a file of an S3 bucket that was made or removed", shapes: []shape{{text: "func(ctx context.Context, file lambda.File) error"}}},
				{name: "Event", about: "answers any other event", shapes: []shape{{text: "func(ctx context.Context, event lambda.Event) (any, error)"}}},
			}},
	}
}

// The rooms that the scan looks for by pattern; any other is a folder below api.
const (
	apiFolder     = "api"
	versionFolder = "api/vN"
	targetFolder  = "api/vN/TARGET"
)

const eventsFolder = "api/events"

// The import paths of the doors that are not named after a room's functions alone:
// serveDoor serves targets, lambdaDoor all that a product has.
const (
	serveDoor  = origin.Path + "/program/serve"
	lambdaDoor = origin.Path + "/program/lambda"
)

// actionShapes are the shapes of an action. T stands for the request's type, R
// for the answer's.
func actionShapes() []shape {
	return []shape{
		{text: "func(ctx context.Context, request T) (R, error)", adapter: "Func", contextOptional: true},
		{text: "func(ctx context.Context, request T) error", adapter: "Proc", contextOptional: true},
		{text: "func(ctx context.Context) (R, error)", adapter: "NoRequest", contextOptional: true},
		{text: "func(ctx context.Context, r *http.Request) (R, error)", adapter: "RawRequest"},
		{text: "func(ctx context.Context, request T, w http.ResponseWriter) error", adapter: "RawResponse"},
		{text: "func(w http.ResponseWriter, r *http.Request)", adapter: "Raw"},
		{text: "func(ctx context.Context, request T) iter.Seq2[R, error]", adapter: "Stream", contextOptional: true},
	}
}

// typeImports are the packages in the texts of shapes, by name.
func typeImports() imports {
	return imports{names: map[string]string{
		"context":    "context",
		"iter":       "iter",
		"http":       "net/http",
		"apiphant":   origin.Path,
		"background": origin.Path + "/background",
		"lambda":     origin.Path + "/lambda",
		"rest":       origin.Path + "/rest",
	}}
}

// roomOf returns the room of a folder, or nil.
func roomOf(table []room, folder string) *room {
	at := slices.IndexFunc(table, func(r room) bool { return r.folder == folder })
	if at < 0 {
		return nil
	}
	return &table[at]
}

func (r *room) function(name string) *declarable {
	at := slices.IndexFunc(r.functions, func(d declarable) bool { return d.name == name })
	if at < 0 {
		return nil
	}
	return &r.functions[at]
}

// namesOf returns the names of all functions in a table.
func namesOf(table []room) []string {
	var names []string
	for i := range table {
		names = append(names, table[i].names()...)
	}
	return names
}

func (r *room) names() []string {
	var names []string
	for _, function := range r.functions {
		names = append(names, function.name)
	}
	return names
}

// adapterOf returns the adapter for a function of that type, and whether the
// type is one of the shapes.
func (d *declarable) adapterOf(have signature) (adapter string, ok bool) {
	for _, shape := range d.shapes {
		want := shape.signature()
		if have.fits(want) {
			return shape.adapter, true
		}
		if shape.contextOptional && have.fits(signature{want.params[1:], want.results}) {
			return shape.adapter + "WithoutContext", true
		}
	}
	return "", false
}

func (d *declarable) isAction() bool { return d.shapes[0].adapter != "" }

func (s shape) signature() signature {
	expr, err := parser.ParseExpr(s.text)
	function, ok := expr.(*ast.FuncType)
	if err != nil || !ok {
		panic(fmt.Sprintf("the table has %q, which is no type of a function", s.text))
	}
	return typeImports().signature(function)
}

func (s shape) String() string {
	if !s.contextOptional {
		return s.text
	}
	return strings.NewReplacer("(ctx context.Context, ", "([ctx context.Context,] ", "(ctx context.Context)", "([ctx context.Context])").Replace(s.text)
}

// shapesHelp is what follows an error about the shape of an action.
func shapesHelp() string {
	text := `An action is one of these, with context and net/http's types written out. [ctx,] may be left out.
T is apiphant.Object or a struct; R is that, a pointer to a struct, or any:
`
	for _, shape := range actionShapes() {
		text += "\n\t" + shape.String()
	}
	return text
}

// Declarations describes, for a help text, what a product may declare.
func Declarations() string {
	var text strings.Builder
	for _, room := range tableOf() {
		fmt.Fprintf(&text, "    PATH/%s/*.go: %s\n", room.folder, room.about)
		for _, function := range room.functions {
			if function.isAction() {
				fmt.Fprintf(&text, "        %s: %s\n", function.name, function.about)
				continue
			}
			fmt.Fprintf(&text, "        func %s%s: %s\n", function.name, strings.TrimPrefix(function.shapes[0].text, "func"), function.about)
		}
	}
	return text.String() + "\n" + strings.ReplaceAll(shapesHelp(), "\t", "    ")
}
