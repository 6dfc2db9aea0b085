package product_test

import (
	"strings"
	"testing"

	"github.com/apiphant/apiphant/internal/product"
)

// TestShapes loads a product with one function each and compares the adapter.
func TestShapes(t *testing.T) {
	const none = "" // not one of the shapes
	tests := []struct {
		name    string
		imports string // separated by ;
		decl    string
		adapter string
	}{
		{"func", `"context"`, "func Read(ctx context.Context, request In) (Out, error)", "Func"},
		{"func without context", ``, "func Read(request In) (Out, error)", "FuncWithoutContext"},
		{"proc", `"context"`, "func Read(ctx context.Context, request In) error", "Proc"},
		{"proc without context", ``, "func Read(request In) error", "ProcWithoutContext"},
		{"no request", `"context"`, "func Read(ctx context.Context) (Out, error)", "NoRequest"},
		{"no request without context", ``, "func Read() (Out, error)", "NoRequestWithoutContext"},
		{"raw request", `"context";"net/http"`, "func Read(ctx context.Context, r *http.Request) (Out, error)", "RawRequest"},
		{"raw response", `"context";"net/http"`, "func Read(ctx context.Context, request In, w http.ResponseWriter) error", "RawResponse"},
		{"raw", `"net/http"`, "func Read(w http.ResponseWriter, r *http.Request)", "Raw"},
		{"stream", `"context";"iter"`, "func Read(ctx context.Context, request In) iter.Seq2[Out, error]", "Stream"},
		{"stream without context", `"iter"`, "func Read(request In) iter.Seq2[Out, error]", "StreamWithoutContext"},
		{"stream of pointers", `"context";"iter"`, "func Read(ctx context.Context, request In) iter.Seq2[*Out, error]", "Stream"},
		{"stream of generic rows", `"context";"iter"`, "func Read(ctx context.Context, request In) iter.Seq2[Page[In, Page[Out, In]], error]", "Stream"},
		{"stream by an alias", `"context";seq "iter"`, "func Read(ctx context.Context, request In) (rows seq.Seq2[any, error])", "Stream"},
		{"stream by a dot", `"context";. "iter"`, "func Read(ctx context.Context, request In) Seq2[Out, error]", "Stream"},

		{"blank names", `"context"`, "func Read(_ context.Context, _ In) (out Out, err error)", "Func"},
		{"no names", `"context"`, "func Read(context.Context, In) (Out, error)", "Func"},
		{"parentheses", `"context"`, "func Read(ctx (context.Context), request (In)) (Out, (error))", "Func"},
		{"pointer response", `"context"`, "func Read(ctx context.Context, request In) (*Out, error)", "Func"},
		{"any response", `"context"`, "func Read(ctx context.Context, request In) (any, error)", "Func"},
		{"struct literal", ``, "func Read(request struct{ A int }) (struct{ B int }, error)", "FuncWithoutContext"},
		{"generic request", ``, "func Read(request Page[In]) (Out, error)", "FuncWithoutContext"},
		{"object", `"context";"github.com/apiphant/apiphant"`, "func Read(ctx context.Context, request apiphant.Object) (apiphant.Object, error)", "Func"},
		{"aliases", `c "context";web "net/http"`, "func Read(x c.Context, r *web.Request) (Out, error)", "RawRequest"},
		{"alias of another", `context "net/http"`, "func Read(w context.ResponseWriter, r *context.Request)", "Raw"},
		{"dots", `. "context";. "net/http"`, "func Read(ctx Context, r *Request) (Out, error)", "RawRequest"},
		{"dots raw", `. "net/http"`, "func Read(ResponseWriter, *Request)", "Raw"},
		{"own type of such a name", `"context"`, "func Read(ctx context.Context, request *Request) (Out, error)", "Func"},
		{"other package's request", `"context";"example/http"`, "func Read(ctx context.Context, r *http.Request) (Out, error)", "Func"},

		{"nothing", ``, "func Read()", none},
		{"stream without errors", `"context";"iter"`, "func Read(ctx context.Context, request In) iter.Seq[Out]", none},
		{"stream of other errors", `"context";"iter"`, "func Read(ctx context.Context, request In) iter.Seq2[Out, Err]", none},
		{"stream of a raw request", `"context";"iter";"net/http"`, "func Read(ctx context.Context, r *http.Request) iter.Seq2[Out, error]", none},
		{"stream of another package", `"context";"example/iter"`, "func Read(ctx context.Context, request In) iter.Seq2[Out, error]", none},
		{"stream as a function", `"context"`, "func Read(ctx context.Context, request In) func(func(Out, error) bool)", none},
		{"nothing but an error", ``, "func Read() error", none},
		{"no request, no answer", `"context"`, "func Read(ctx context.Context) error", none},
		{"no error", ``, "func Read(request In) Out", none},
		{"error first", ``, "func Read(request In) (error, Out)", none},
		{"context last", `"context"`, "func Read(request In, ctx context.Context) (Out, error)", none},
		{"two contexts", `"context"`, "func Read(a, b context.Context) (Out, error)", none},
		{"two requests", ``, "func Read(a, b In) (Out, error)", none},
		{"variadic", ``, "func Read(request ...In) (Out, error)", none},
		{"three results", ``, "func Read(request In) (Out, int, error)", none},
		{"raw request without context", `"net/http"`, "func Read(r *http.Request) (Out, error)", none},
		{"raw request without answer", `"context";"net/http"`, "func Read(ctx context.Context, r *http.Request) error", none},
		{"request by value", `"net/http"`, "func Read(w http.ResponseWriter, r http.Request)", none},
		{"raw, exchanged", `"net/http"`, "func Read(r *http.Request, w http.ResponseWriter)", none},
		{"raw with error", `"net/http"`, "func Read(w http.ResponseWriter, r *http.Request) error", none},
		{"raw response without context", `"net/http"`, "func Read(request In, w http.ResponseWriter) error", none},
		{"raw response with answer", `"context";"net/http"`, "func Read(ctx context.Context, request In, w http.ResponseWriter) (Out, error)", none},
		{"own context", ``, "func Read(ctx Context, request In) (Out, error)", none},
		{"context by pointer", `"context"`, "func Read(ctx *context.Context, request In) (Out, error)", none},
		{"generic", ``, "func Read[T any](request T) (Out, error)", none},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir() + "/myproduct"
			source := "package echo\n"
			for path := range strings.SplitSeq(test.imports, ";") {
				if path != "" {
					source += "import " + path + "\n"
				}
			}
			writeFile(t, dir, "api/v0/echo/echo.go", source+test.decl+" { panic(0) }\n")
			p, err := product.Load(dir)
			if test.adapter == none {
				if err == nil || !strings.Contains(err.Error(), "Read ") {
					t.Fatalf("%s\ngot error %v, want one about Read", test.decl, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Packages[0].Functions[0].Adapter; got != test.adapter {
				t.Errorf("%s\ngot %s, want %s", test.decl, got, test.adapter)
			}
		})
	}
}
