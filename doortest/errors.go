package doortest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/apiphant/apiphant"
)

// errSecret must not be in any answer.
var errSecret = errors.New("secret: the password of the database")

// addErrors adds functions that fail in different ways.
func addErrors(read func(string, apiphant.Action)) {
	fail := func(name string, f func(ctx context.Context) error) {
		read("v0/errors/"+name, apiphant.Proc(func(ctx context.Context, _ apiphant.Object) error { return f(ctx) }))
	}
	returns := func(name string, err error) { fail(name, func(context.Context) error { return err }) }

	for status, name := range map[int]string{
		0: "status-0", 200: "status-200", 399: "status-399", 400: "status-400", 403: "status-403",
		418: "status-418", 499: "status-499", 503: "status-503", 599: "status-599", 600: "status-600",
	} {
		returns(name, &apiphant.Error{Status: status})
		returns(name+"-detail", &apiphant.Error{Status: status, Detail: "detail"})
	}
	for name, detail := range map[string]any{
		"text":    "no such order",
		"html":    "<&>",
		"number":  json.Number("12345678901234567890"),
		"true":    true,
		"false":   false,
		"list":    []any{1, "two", nil},
		"empty":   "",
		"object":  apiphant.Object{"b": 1, "a": apiphant.Object{}},
		"struct":  point{X: 1},
		"nil-map": apiphant.Object(nil),
		"field":   apiphant.FieldError{Field: "id", State: "missing"},
		"explain": apiphant.FieldError{Field: "id", State: "invalid", Explain: -1},
		"channel": make(chan int),
	} {
		returns("detail-"+name, &apiphant.Error{Status: http.StatusBadRequest, Detail: detail, Err: errSecret})
	}
	refused := &apiphant.Error{Status: http.StatusConflict, Detail: "twice"}
	returns("wrapped", fmt.Errorf("while ordering: %w", refused))
	returns("wrapped-twice", fmt.Errorf("outer: %w", fmt.Errorf("inner: %w", refused)))
	returns("joined", errors.Join(errSecret, refused))
	returns("nil-pointer", (*apiphant.Error)(nil))
	returns("plain", errSecret)
	returns("one-of-errors", &apiphant.Error{Status: http.StatusBadRequest, Detail: "a", Errors: []any{"a"}})
	returns("errors", &apiphant.Error{Status: http.StatusBadRequest, Detail: "a", Errors: []any{"a", apiphant.FieldError{Field: "b", State: "invalid"}}})

	fail("deadline", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
	fail("deadline-wrapped", func(ctx context.Context) error {
		<-ctx.Done()
		return fmt.Errorf("%w: %w", errSecret, ctx.Err())
	})
	fail("deadline-own", func(ctx context.Context) error {
		own, cancel := context.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		<-own.Done()
		return own.Err()
	})
	returns("deadline-detail", &apiphant.Error{Status: http.StatusTooManyRequests, Detail: "later", Err: context.DeadlineExceeded})
	returns("cancelled", context.Canceled)
	returns("panicking-error", panickingError{})
	returns("panicking-detail", &apiphant.Error{Status: http.StatusBadRequest, Detail: panickingMarshaler{}})

	fail("panic-text", func(context.Context) error { panic("secret") })
	fail("panic-error", func(context.Context) error { panic(errSecret) })
	fail("panic-known", func(context.Context) error { panic(refused) })
	fail("panic-index", func(context.Context) error { return []error{errSecret}[len(refused.Errors)+1] })
	fail("panic-nil", func(context.Context) error { panic(nil) })
	fail("panic-abort", func(context.Context) error { panic(http.ErrAbortHandler) })
}

type panickingError struct{}

func (panickingError) Error() string { panic("secret") }
