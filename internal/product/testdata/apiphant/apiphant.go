// Package apiphant stands in for the real one where a test is about building
// and running, so that it needs no other module and compiles at once.
package apiphant

import (
	"context"
	"iter"
	"net/http"
)

type (
	Object  map[string]any
	Call    struct{}
	Handler func(ctx context.Context, call *Call) error
	Action  any
	Actions struct{ Create, Read, Update, Delete Action }
	API     struct {
		Start, Stop func(ctx context.Context) error
		Comments    map[string]string
		Routes      map[string]Actions
	}
)

func (a *API) Use(path string, middleware func(next Handler) Handler) {}

func (a *API) Handle(path string, actions Actions) {
	if a.Routes == nil {
		a.Routes = map[string]Actions{}
	}
	a.Routes[path] = actions
}

func Func[T, R any](f func(ctx context.Context, request T) (R, error)) Action { return f }

func FuncWithoutContext[T, R any](f func(request T) (R, error)) Action { return f }

func Proc[T any](f func(ctx context.Context, request T) error) Action { return f }

func ProcWithoutContext[T any](f func(request T) error) Action { return f }

func NoRequest[R any](f func(ctx context.Context) (R, error)) Action { return f }

func NoRequestWithoutContext[R any](f func() (R, error)) Action { return f }

func RawRequest[R any](f func(ctx context.Context, r *http.Request) (R, error)) Action { return f }

func RawResponse[T any](f func(ctx context.Context, request T, w http.ResponseWriter) error) Action {
	return f
}

func Raw(f func(w http.ResponseWriter, r *http.Request)) Action { return http.HandlerFunc(f) }

func Stream[T, R any](f func(ctx context.Context, request T) iter.Seq2[R, error]) Action { return f }

func StreamWithoutContext[T, R any](f func(request T) iter.Seq2[R, error]) Action { return f }
