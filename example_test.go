package apiphant_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server"
)

// serve serves an API on a free port of this machine for as long as ask runs.
// ask sends "METHOD PATH [HEADER: VALUE]… [BODY]" and prints it with its answer.
func serve(api *apiphant.API, requests func(ask func(request string))) {
	ln, err := server.Listen("127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(apiphant.WithLog(context.Background(), slog.New(slog.DiscardHandler)))
	ended := make(chan error)
	go func() { ended <- (&server.Server{API: api, DrainWindow: -1}).Serve(ctx, ln) }()
	requests(func(request string) { fmt.Println(request, "→", answer("http://"+ln.Addr().String(), request)) })
	http.DefaultClient.CloseIdleConnections()
	cancel()
	if err := <-ended; err != nil {
		fmt.Println(err)
	}
}

func answer(url, request string) string {
	method, rest, _ := strings.Cut(request, " ")
	path, rest, _ := strings.Cut(rest, " ")
	name, value, isHeader := "", "", false
	if !strings.HasPrefix(rest, "{") && strings.Contains(rest, ": ") {
		name, rest, isHeader = strings.Cut(rest, ": ")
		value, rest, _ = strings.Cut(rest, " ")
	}
	r, err := http.NewRequest(method, url+path, strings.NewReader(rest))
	if err != nil {
		return err.Error()
	}
	if isHeader {
		r.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%d %s", response.StatusCode, body)
}

// A table of routes is filled by hand here; the apiphant command writes the same
// from a product's folder.
func ExampleAPI() {
	api := &apiphant.API{}
	api.Handle("v0/echo", apiphant.Actions{
		Read: apiphant.Func(func(_ context.Context, request apiphant.Object) (apiphant.Object, error) {
			response := request.Copy()
			response["server"] = "myproduct"
			return response, nil
		}),
	})
	serve(api, func(ask func(string)) {
		ask(`POST /api/v0/echo/read {"hello":"world"}`)
		ask(`POST /api/v0/echo/read hello`)
		ask(`POST /api/v0/echo/delete {}`)
		ask(`GET /api/v0/echo/read`)
	})
	// Output:
	// POST /api/v0/echo/read {"hello":"world"} → 200 {"hello":"world","server":"myproduct"}
	// POST /api/v0/echo/read hello → 400 {"error":"Request content should be JSON Object"}
	// POST /api/v0/echo/delete {} → 404 {"error":"404 Not Found"}
	// GET /api/v0/echo/read → 501 {"error":"501 Not Implemented"}
}

func ExampleAPI_Handle() {
	api := &apiphant.API{}
	items := map[string]string{"1": "an elephant"}
	type item struct {
		ID   string `json:"id" required:"true"`
		Name string `json:"name,omitempty"`
	}
	api.Handle("v0/shop/items", apiphant.Actions{
		Read: apiphant.Func(func(_ context.Context, request item) (item, error) {
			name, ok := items[request.ID]
			if !ok {
				return item{}, &apiphant.Error{Status: 404, Detail: "no such item"}
			}
			return item{request.ID, name}, nil
		}),
		Delete: apiphant.Proc(func(_ context.Context, request item) error {
			delete(items, request.ID)
			return nil
		}),
	})
	serve(api, func(ask func(string)) {
		ask(`POST /api/v0/shop/items/read {"id":"1"}`)
		ask(`POST /api/v0/shop/items/delete {"id":"1"}`)
		ask(`POST /api/v0/shop/items/read {"id":"1"}`)
		ask(`POST /api/v0/shop/items/read {}`)
	})
	// Output:
	// POST /api/v0/shop/items/read {"id":"1"} → 200 {"id":"1","name":"an elephant"}
	// POST /api/v0/shop/items/delete {"id":"1"} → 200 {}
	// POST /api/v0/shop/items/read {"id":"1"} → 404 {"error":"no such item"}
	// POST /api/v0/shop/items/read {} → 400 {"error":{"field":"id","state":"missing"}}
}

// userKey is what the middleware's value is found by in a context.
type userKey struct{}

// user returns who is signed in.
func user(ctx context.Context) string {
	name, _ := ctx.Value(userKey{}).(string)
	return name
}

// A middleware signs the caller in, before the body is looked at, and hands the
// user on in the context. It wraps everything at and below its path.
func ExampleAPI_Use() {
	tokens := map[string]string{"Bearer-2f6a": "ann"}
	signIn := func(next apiphant.Handler) apiphant.Handler {
		return func(ctx context.Context, call *apiphant.Call) error {
			name, ok := tokens[call.Header("Authorization")]
			if !ok {
				call.SetHeader("WWW-Authenticate", "Bearer")
				return &apiphant.Error{Status: http.StatusUnauthorized}
			}
			return next(context.WithValue(ctx, userKey{}, name), call)
		}
	}
	greet := func(ctx context.Context, _ apiphant.Object) (apiphant.Object, error) {
		return apiphant.Object{"hello": user(ctx)}, nil
	}
	api := &apiphant.API{}
	api.Handle("v0/private/greeting", apiphant.Actions{Read: apiphant.Func(greet)})
	api.Handle("v0/greeting", apiphant.Actions{Read: apiphant.Func(greet)})
	api.Use("v0/private", signIn)
	serve(api, func(ask func(string)) {
		ask(`POST /api/v0/private/greeting/read Authorization: Bearer-2f6a {}`)
		ask(`POST /api/v0/private/greeting/read {}`)
		ask(`POST /api/v0/greeting/read {}`)
	})
	// Output:
	// POST /api/v0/private/greeting/read Authorization: Bearer-2f6a {} → 200 {"hello":"ann"}
	// POST /api/v0/private/greeting/read {} → 401 {"error":"401 Unauthorized"}
	// POST /api/v0/greeting/read {} → 200 {"hello":""}
}

// A middleware may answer itself.
func ExampleCall_Answer() {
	api := &apiphant.API{}
	api.Handle("v0/rates", apiphant.Actions{Read: apiphant.Func(func(context.Context, apiphant.Object) (any, error) {
		return nil, errors.New("the bank does not answer")
	})})
	api.Use("v0/rates", func(next apiphant.Handler) apiphant.Handler {
		return func(ctx context.Context, call *apiphant.Call) error {
			if err := next(ctx, call); err != nil {
				return call.Answer(apiphant.Object{"rate": 1.08, "of": "yesterday"})
			}
			return nil
		}
	})
	serve(api, func(ask func(string)) { ask(`POST /api/v0/rates/read {}`) })
	// Output: POST /api/v0/rates/read {} → 200 {"of":"yesterday","rate":1.08}
}

// Check tells everything that can't work, before anything is served.
func ExampleAPI_Check() {
	api := &apiphant.API{}
	api.Handle("echo", apiphant.Actions{})
	api.Handle("v0/empty", apiphant.Actions{})
	api.Use("v0//x", func(next apiphant.Handler) apiphant.Handler { return next })
	fmt.Println(api.Check())
	// Output:
	// middleware for "v0//x": target has a segment ""
	// target "echo": version "echo": want v and digits, such as v0
	// target "v0/empty" has no action: want create, read, update or delete
}

func readOrders(context.Context, apiphant.Object) (apiphant.Object, error) { return nil, nil }

func ExampleAPI_Routes() {
	api := &apiphant.API{}
	api.Handle("v1/orders", apiphant.Actions{Read: apiphant.Func(readOrders)})
	api.Handle("v0/orders", apiphant.Actions{Read: apiphant.Func(readOrders)})
	for _, route := range api.Routes() {
		_, function, _ := strings.Cut(route.Source.Function, "_test.")
		fmt.Println(route.Path(), function, route.Signature)
	}
	// Output:
	// /api/v0/orders/read readOrders func(context.Context, apiphant.Object) (apiphant.Object, error)
	// /api/v1/orders/read readOrders func(context.Context, apiphant.Object) (apiphant.Object, error)
}

func ExampleFunc() {
	type order struct {
		Number int     `json:"number" required:"true" minimum:"1"`
		Price  float64 `json:"price"`
	}
	type receipt struct {
		Total float64 `json:"total"`
	}
	api := &apiphant.API{}
	api.Handle("v0/orders", apiphant.Actions{
		Create: apiphant.Func(func(_ context.Context, o order) (receipt, error) {
			return receipt{Total: float64(o.Number) * o.Price}, nil
		}),
	})
	serve(api, func(ask func(string)) {
		ask(`POST /api/v0/orders/create {"number":3,"price":2.5}`)
		ask(`POST /api/v0/orders/create {"number":0,"price":"2.5"}`)
	})
	// Output:
	// POST /api/v0/orders/create {"number":3,"price":2.5} → 200 {"total":7.5}
	// POST /api/v0/orders/create {"number":0,"price":"2.5"} → 400 {"error":{"field":"number","state":"invalid","explain":{"minimum":1}},"errors":[{"field":"number","state":"invalid","explain":{"minimum":1}},{"field":"price","state":"invalid","explain":{"type":"number"}}]}
}

func ExampleFuncWithoutContext() {
	api := &apiphant.API{}
	api.Handle("v0/numbers", apiphant.Actions{
		Read: apiphant.FuncWithoutContext(func(request apiphant.Object) (apiphant.Object, error) { return request, nil }),
	})
	serve(api, func(ask func(string)) { // numbers of an Object pass as they came
		ask(`POST /api/v0/numbers/read {"large":12345678901234567890,"exact":1.0,"huge":1e400}`)
	})
	// Output: POST /api/v0/numbers/read {"large":12345678901234567890,"exact":1.0,"huge":1e400} → 200 {"exact":1.0,"huge":1e400,"large":12345678901234567890}
}

func ExampleProc() {
	api := &apiphant.API{Timeout: 10 * time.Millisecond}
	api.Handle("v0/work", apiphant.Actions{
		Create: apiphant.Proc(func(context.Context, apiphant.Object) error { return nil }),
		Update: apiphant.Proc(func(ctx context.Context, _ apiphant.Object) error {
			<-ctx.Done() // too much work for the time that a call has
			return ctx.Err()
		}),
	})
	serve(api, func(ask func(string)) {
		ask(`POST /api/v0/work/create {}`)
		ask(`POST /api/v0/work/update {}`)
	})
	// Output:
	// POST /api/v0/work/create {} → 200 {}
	// POST /api/v0/work/update {} → 503 {"error":"503 Service Unavailable"}
}

func ExampleProcWithoutContext() {
	api := &apiphant.API{}
	api.Handle("v0/door", apiphant.Actions{
		Update: apiphant.ProcWithoutContext(func(apiphant.Object) error { return errors.New("it is stuck: secret 4711") }),
	})
	serve(api, func(ask func(string)) { ask(`POST /api/v0/door/update {}`) }) // the log has the rest
	// Output: POST /api/v0/door/update {} → 500 {"error":"500 Internal Server Error"}
}

// A function with a raw request reads it as it comes, and decides about methods.
func ExampleRawRequest() {
	api := &apiphant.API{}
	api.Handle("v0/files", apiphant.Actions{
		Create: apiphant.RawRequest(func(_ context.Context, r *http.Request) (apiphant.Object, error) {
			if r.Method != http.MethodPut {
				return nil, &apiphant.Error{Status: http.StatusMethodNotAllowed}
			}
			size, err := io.Copy(io.Discard, r.Body)
			return apiphant.Object{"name": r.URL.Query().Get("name"), "size": size}, err
		}),
	})
	serve(api, func(ask func(string)) {
		ask(`PUT /api/v0/files/create?name=a.txt {some bytes}`)
		ask(`POST /api/v0/files/create`)
	})
	// Output:
	// PUT /api/v0/files/create?name=a.txt {some bytes} → 200 {"name":"a.txt","size":12}
	// POST /api/v0/files/create → 405 {"error":"405 Method Not Allowed"}
}

// A function with a raw answer writes it itself; its errors are answered as ever.
func ExampleRawResponse() {
	type request struct {
		Rows int `json:"rows" maximum:"10"`
	}
	api := &apiphant.API{}
	api.Handle("v0/report", apiphant.Actions{
		Read: apiphant.RawResponse(func(_ context.Context, in request, w http.ResponseWriter) error {
			if in.Rows == 0 {
				return &apiphant.Error{Status: 404, Detail: "nothing to report"}
			}
			w.Header().Set("Content-Type", "text/csv")
			for row := range in.Rows {
				fmt.Fprintf(w, "%d;", row)
			}
			return nil
		}),
	})
	serve(api, func(ask func(string)) {
		ask(`POST /api/v0/report/read {"rows":3}`)
		ask(`POST /api/v0/report/read {"rows":11}`)
		ask(`POST /api/v0/report/read {}`)
	})
	// Output:
	// POST /api/v0/report/read {"rows":3} → 200 0;1;2;
	// POST /api/v0/report/read {"rows":11} → 400 {"error":{"field":"rows","state":"invalid","explain":{"maximum":10}}}
	// POST /api/v0/report/read {} → 404 {"error":"nothing to report"}
}

// Any [http.Handler] can be an action.
func ExampleRaw() {
	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello, ", r.URL.RawQuery) })
	api := &apiphant.API{}
	api.Handle("v0/hello", apiphant.Actions{Read: apiphant.Raw(hello.ServeHTTP)})
	serve(api, func(ask func(string)) { ask(`GET /api/v0/hello/read?world`) })
	// Output: GET /api/v0/hello/read?world → 200 hello, world
}

func ExampleWriteError() {
	api := &apiphant.API{}
	api.Handle("v0/secret", apiphant.Actions{Read: apiphant.Raw(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" {
			apiphant.WriteError(w, r, &apiphant.Error{Status: http.StatusForbidden})
			return
		}
		fmt.Fprint(w, "42")
	})})
	serve(api, func(ask func(string)) {
		ask(`GET /api/v0/secret/read`)
		ask(`GET /api/v0/secret/read Authorization: sesame`)
	})
	// Output:
	// GET /api/v0/secret/read → 403 {"error":"403 Forbidden"}
	// GET /api/v0/secret/read Authorization: sesame → 200 42
}

func ExampleError() {
	missing := fmt.Errorf("reading the order: %w", &apiphant.Error{
		Status: 404,
		Detail: "no such order",
		Err:    os.ErrNotExist, // for the log and for errors.Is; never sent
	})
	fmt.Println(missing)
	fmt.Println(errors.Is(missing, os.ErrNotExist))

	api := &apiphant.API{}
	api.Handle("v0/orders", apiphant.Actions{
		Read:   apiphant.Proc(func(context.Context, apiphant.Object) error { return missing }),
		Delete: apiphant.Proc(func(context.Context, apiphant.Object) error { return &apiphant.Error{Status: 403} }),
	})
	serve(api, func(ask func(string)) {
		ask(`POST /api/v0/orders/read {}`)
		ask(`POST /api/v0/orders/delete {}`)
	})
	// Output:
	// reading the order: 404 Not Found: no such order: file does not exist
	// true
	// POST /api/v0/orders/read {} → 404 {"error":"no such order"}
	// POST /api/v0/orders/delete {} → 403 {"error":"403 Forbidden"}
}

func ExampleFieldError() {
	taken := apiphant.FieldError{Field: "name", State: "taken", Explain: "choose another one"}
	fmt.Println(taken)

	api := &apiphant.API{}
	api.Handle("v0/users", apiphant.Actions{Create: apiphant.Proc(func(context.Context, apiphant.Object) error {
		return &apiphant.Error{Status: 400, Detail: taken}
	})})
	serve(api, func(ask func(string)) { ask(`POST /api/v0/users/create {"name":"ann"}`) })
	// Output:
	// name is taken (choose another one)
	// POST /api/v0/users/create {"name":"ann"} → 400 {"error":{"field":"name","state":"taken","explain":"choose another one"}}
}

// What a function logs carries the id of its request.
func ExampleLog() {
	withoutTime := &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}
	ctx := apiphant.WithLog(context.Background(), slog.New(slog.NewTextHandler(os.Stdout, withoutTime)))
	apiphant.Log(ctx).Info("outside of a call")

	api := &apiphant.API{}
	api.Handle("v0/orders", apiphant.Actions{Create: apiphant.Proc(func(ctx context.Context, _ apiphant.Object) error {
		apiphant.Log(ctx).Info("sold", "what", "an elephant")
		return nil
	})})
	in := newMemory("POST", http.Header{"X-Request-Id": {"a.1"}}, "")
	api.Serve(ctx, api.Find([]byte("POST"), []byte("/api/v0/orders/create")), in)
	// Output:
	// level=INFO msg="outside of a call"
	// level=INFO msg=sold request_id=a.1 what="an elephant"
}

func ExampleWithLog() {
	api := &apiphant.API{}
	api.Handle("v0/fail", apiphant.Actions{Read: apiphant.Proc(func(context.Context, apiphant.Object) error {
		return errors.New("the disk is full")
	})})
	var log strings.Builder
	ctx := apiphant.WithLog(context.Background(), slog.New(slog.NewJSONHandler(&log, nil)))
	api.Serve(ctx, api.Find([]byte("POST"), []byte("/api/v0/fail/read")), newMemory("POST", nil, ""))
	fmt.Println(strings.Contains(log.String(), "the disk is full"))
	// Output: true
}

func ExampleObject_Copy() {
	request := apiphant.Object{"hello": "world"}
	response := request.Copy()
	response["server"] = "myproduct"
	fmt.Println(request)
	fmt.Println(response)
	// Output:
	// map[hello:world]
	// map[hello:world server:myproduct]
}

func ExampleRoute() {
	route := apiphant.Route{Version: "v0", Target: "shop/orders", Action: "read"}
	fmt.Println(route)
	// Output: /api/v0/shop/orders/read
}

// created is a response with a status and a header of its own.
type created struct {
	ID string `json:"id"`
}

func (created) StatusCode() int        { return http.StatusCreated }
func (c created) Headers() http.Header { return http.Header{"Location": {"/orders/" + c.ID}} }

// A response decides about its status and headers.
func ExampleFunc_status() {
	api := &apiphant.API{}
	api.Handle("v0/orders", apiphant.Actions{
		Create: apiphant.Func(func(context.Context, apiphant.Object) (created, error) { return created{ID: "7"}, nil }),
	})
	serve(api, func(ask func(string)) { ask(`POST /api/v0/orders/create {}`) })
	// Output: POST /api/v0/orders/create {} → 201 {"id":"7"}
}

// A route has as many addresses as a product likes.
func ExampleAPI_Address() {
	api := &apiphant.API{}
	api.Handle("v0/orders", apiphant.Actions{
		Read: apiphant.RawRequest(func(_ context.Context, r *http.Request) (apiphant.Object, error) {
			return apiphant.Object{"read": r.PathValue("id")}, nil
		}),
	})
	api.Address("GET /orders/{id}", "v0/orders/read")
	serve(api, func(ask func(string)) {
		ask(`GET /orders/7`)
		ask(`PUT /orders/7`)
	})
	// Output:
	// GET /orders/7 → 200 {"read":"7"}
	// PUT /orders/7 → 405 {"error":"405 Method Not Allowed"}
}
