package doortest

import (
	"context"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"time"

	"github.com/apiphant/apiphant"
)

// point is a typed request, and a typed response.
type point struct {
	Y int    `json:"y"`
	X int    `json:"x"`
	N string `json:"n,omitempty"`
}

// addShapes adds a function of each shape; each answers with what it got.
func addShapes(read func(string, apiphant.Action)) {
	read("v0/shapes/func", apiphant.Func(
		func(_ context.Context, request point) (*point, error) { return &request, nil }))
	read("v0/shapes/func-without-context", apiphant.FuncWithoutContext(
		func(request apiphant.Object) (any, error) { return request, nil }))
	read("v0/shapes/proc", apiphant.Proc(
		func(_ context.Context, request apiphant.Object) error { return refuse(request) }))
	read("v0/shapes/proc-without-context", apiphant.ProcWithoutContext(
		func(request point) error { return refuse(apiphant.Object{"x": json.Number("0")}) }))
	read("v0/shapes/no-request", apiphant.NoRequest(
		func(ctx context.Context) (apiphant.Object, error) {
			return apiphant.Object{"asked": "nothing"}, ctx.Err()
		}))
	read("v0/shapes/no-request-without-context", apiphant.NoRequestWithoutContext(
		func() (point, error) { return point{X: 1}, nil }))
	read("v0/shapes/raw-request", apiphant.RawRequest(rawRequest))
	read("v0/shapes/raw-response", apiphant.RawResponse(
		func(_ context.Context, request point, w http.ResponseWriter) error {
			return json.NewEncoder(w).Encode(request)
		}))
	read("v0/shapes/raw-length", apiphant.RawRequest(
		func(_ context.Context, r *http.Request) (apiphant.Object, error) {
			body, err := io.ReadAll(r.Body)
			return apiphant.Object{
				"coding": r.Header.Get("Content-Encoding"), "length": r.ContentLength, "bytes": len(body),
				"contradicts": r.ContentLength < 0 && r.Header.Get("Content-Length") != "",
			}, err
		}))
	read("v0/shapes/raw", apiphant.Raw(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, r.Body)
	}))
}

// addBounds adds actions that have bounds of their own.
func addBounds(read func(string, apiphant.Action)) {
	read("v0/bound/small", apiphant.Proc(
		func(_ context.Context, request apiphant.Object) error { return refuse(request) }).MaxBody(32))
	read("v0/bound/large", apiphant.Proc(
		func(_ context.Context, request apiphant.Object) error { return refuse(request) }).MaxBody(2<<20))
	read("v0/bound/raw", apiphant.RawRequest(rawRequest).MaxBody(32))
	read("v0/bound/longer", apiphant.NoRequest(timeLeft).Timeout(2*time.Hour))
	read("v0/bound/shorter", apiphant.NoRequest(func(ctx context.Context) (any, error) { return nil, ctx.Err() }).Timeout(time.Nanosecond))
	read("v0/bound/for-ever", apiphant.NoRequest(timeLeft).Timeout(-1))
	read("v0/bound/for-ever-raw", apiphant.RawRequest(
		func(ctx context.Context, _ *http.Request) (any, error) { return timeLeft(ctx) }).Timeout(-1))
	read("v0/bound/panics", apiphant.NoRequest(func(context.Context) (any, error) { panic("secret") }).MaxRunning(1))
	read("v0/bound/one", apiphant.Func(echo).MaxRunning(1))
}

// timeLeft says how long the call may still take.
func timeLeft(ctx context.Context) (any, error) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return apiphant.Object{"hours": nil}, nil
	}
	return apiphant.Object{"hours": math.Round(time.Until(deadline).Hours())}, nil
}

// refuse returns an error where the request asks for one: that shows that a function
// without a response got its request.
func refuse(request apiphant.Object) error {
	if request["refuse"] != nil {
		return &apiphant.Error{Status: http.StatusConflict, Detail: request["refuse"]}
	}
	return nil
}

func rawRequest(_ context.Context, r *http.Request) (apiphant.Object, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	return apiphant.Object{
		"method": r.Method, "path": r.URL.Path, "query": r.URL.RawQuery, "target": r.RequestURI,
		"host": r.Host, "custom": r.Header.Values("X-Custom"), "bytes": len(body),
	}, nil
}

// addAnswers adds functions that differ in what they return.
func addAnswers(read func(string, apiphant.Action)) {
	answer := func(name string, response func() any) {
		read("v0/answers/"+name, apiphant.FuncWithoutContext(
			func(apiphant.Object) (any, error) { return response(), nil }))
	}
	answer("nil", func() any { return nil })
	answer("nil-object", func() any { return apiphant.Object(nil) })
	answer("nil-pointer", func() any { return (*point)(nil) })
	answer("nil-map", func() any { return map[string]int(nil) })
	answer("empty-object", func() any { return apiphant.Object{} })
	answer("struct", func() any { return point{X: 1, Y: 2} })
	answer("nested", func() any {
		return apiphant.Object{"z": []any{apiphant.Object{"b": 1, "a": nil}, map[string]any{"d": true, "c": 1.5}}, "a": point{}}
	})
	answer("html", func() any { return map[string]string{"html": `<a href="x?a=1&b=2">'</a>`} })
	answer("separators", func() any { return map[string]string{"text": "\u2028\u2029"} })
	answer("raw-message", func() any { return json.RawMessage(`{"b":1,"a":2}`) })
	answer("list", func() any { return []any{apiphant.Object{}} })
	answer("text", func() any { return "{}" })
	answer("number", func() any { return 1 })
	answer("bool", func() any { return true })
	answer("channel", func() any { return apiphant.Object{"secret": make(chan int)} })
	answer("broken-message", func() any { return json.RawMessage(`{"secret":`) })
	answer("panicking-marshaler", func() any { return panickingMarshaler{} })
}

type panickingMarshaler struct{}

func (panickingMarshaler) MarshalJSON() ([]byte, error) { panic("secret") }
