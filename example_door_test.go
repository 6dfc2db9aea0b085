package apiphant_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"

	"github.com/apiphant/apiphant"
)

// memory is the smallest door: one request, and its answer, in memory.
type memory struct {
	method string
	header http.Header
	body   string

	answer *httptest.ResponseRecorder
}

func newMemory(method string, header http.Header, body string) *memory {
	return &memory{method, header, body, httptest.NewRecorder()}
}

func (m *memory) Method() string             { return m.method }
func (m *memory) Header(name string) string  { return m.header.Get(name) }
func (m *memory) RemoteAddr() netip.Addr     { return netip.Addr{} }
func (m *memory) Body() ([]byte, error)      { return []byte(m.body), nil }
func (m *memory) SetHeader(name, val string) { m.answer.Header().Set(name, val) }
func (m *memory) AddHeader(name, val string) { m.answer.Header().Add(name, val) }
func (m *memory) Started() bool              { return false }
func (m *memory) Abort()                     {}

func (m *memory) Request(ctx context.Context) *http.Request {
	return httptest.NewRequestWithContext(ctx, m.method, "/", strings.NewReader(m.body))
}

func (m *memory) Answer(status int, body []byte) {
	m.answer.Code = status
	m.answer.Body.Write(body)
}

func (m *memory) ResponseWriter() http.ResponseWriter { return m.answer }

// A door translates its transport into a call and back. This one keeps the
// request and the answer in memory.
func ExampleAPI_Serve() {
	api := &apiphant.API{}
	api.Handle("v0/echo", apiphant.Actions{
		Read: apiphant.Func(func(_ context.Context, request apiphant.Object) (apiphant.Object, error) { return request, nil }),
	})
	for _, path := range []string{"/api/v0/echo/read", "/api/v0/ECHO/read"} {
		door := newMemory("POST", nil, `{"hello": "world"}`)
		api.Serve(context.Background(), api.Find([]byte("POST"), []byte(path)), door)
		fmt.Println(path, door.answer.Code, door.answer.Body)
	}
	// Output:
	// /api/v0/echo/read 200 {"hello":"world"}
	// /api/v0/ECHO/read 404 {"error":"404 Not Found"}
}
