package apiphant_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/apiphant/apiphant"
)

// restAPI has a resource whose actions answer as the request's field say tells them to.
func restAPI(t testing.TB) *apiphant.API {
	answer := apiphant.Func(func(_ context.Context, request apiphant.Object) (any, error) {
		switch request["say"] {
		case "nothing":
			return nil, nil
		case "status":
			return described{Status: 202}, nil
		case "tag":
			return described{Header: http.Header{"etag": {`W/"own"`}}}, nil
		case "error":
			return nil, &apiphant.Error{Status: 409}
		}
		return request, nil
	})
	api := &apiphant.API{}
	api.Handle("v0/items", apiphant.Actions{Create: answer, Read: answer, Update: answer, Delete: answer})
	api.Address("/items/{id}", "v0/items")
	if err := api.Check(); err != nil {
		t.Fatal(err)
	}
	return api
}

func TestStatusOfREST(t *testing.T) {
	api := restAPI(t)
	for _, tt := range []struct{ method, target, want string }{
		{"POST", "/items?n=1", `201 {"n":"1"}`},
		{"POST", "/items?say=nothing", `201 {}`},
		{"POST", "/items?say=status", `202 {"done":false}`},
		{"POST", "/items?say=error", `409 {"error":"409 Conflict"}`},
		{"GET", "/items?say=nothing", `200 {}`},
		{"PATCH", "/items/1?say=nothing", `200 {}`},
		{"DELETE", "/items/1?say=nothing", `204 `},
		{"DELETE", "/items/1?say=status", `202 {"done":false}`},
		{"DELETE", "/items/1", `200 {"id":"1"}`},
		{"DELETE", "/items/1?say=error", `409 {"error":"409 Conflict"}`},
		{"PUT", "/items/1", `405 {"error":"405 Method Not Allowed"}`},
		{"POST", "/api/v0/items/create", `200 {}`},
		{"POST", "/api/v0/items/delete", `200 {}`},
	} {
		door := newMemory(tt.method, nil, "")
		api.Serve(context.Background(), api.Find([]byte(tt.method), []byte(tt.target)), door)
		if got := fmt.Sprint(door.answer.Code, " ", door.answer.Body); got != tt.want {
			t.Errorf("%s %s: got %s, want %s", tt.method, tt.target, got, tt.want)
		}
	}
}

func TestETag(t *testing.T) {
	api := restAPI(t)
	ask := func(method, target, ifNoneMatch string) (status int, tag string) {
		door := newMemory(method, http.Header{"If-None-Match": {ifNoneMatch}}, "")
		api.Serve(context.Background(), api.Find([]byte(method), []byte(target)), door)
		return door.answer.Code, door.answer.Header().Get("Etag")
	}
	_, tag := ask("GET", "/items/1", "")
	if _, other := ask("GET", "/items/2", ""); tag == "" || tag == other || !strings.HasPrefix(tag, `"`) {
		t.Fatalf("the tags of two answers are %s and %s", tag, other)
	}
	for _, tt := range []struct {
		method, target, ifNoneMatch string
		status                      int
		tag                         string
	}{
		{"GET", "/items/1", tag, 304, tag},
		{"GET", "/items/1", "W/" + tag, 304, tag},
		{"GET", "/items/1", `"a", ` + tag, 304, tag},
		{"GET", "/items/1", `"a,b",W/"c" ,` + tag + ` , "d"`, 304, tag},
		{"GET", "/items/1", " * ", 304, tag},
		{"HEAD", "/items/1", tag, 304, tag},
		{"GET", "/items/1", `"a"`, 200, tag},
		{"GET", "/items/1", strings.Trim(tag, `"`), 200, tag},
		{"GET", "/items/1", `"a`, 200, tag},
		{"GET", "/items/1", `"a" *`, 200, tag},
		{"GET", "/items/2", tag, 200, ""},
		{"GET", "/items/1?say=tag", "", 200, `W/"own"`},
		{"GET", "/items/1?say=tag", `"own"`, 304, `W/"own"`},
		{"GET", "/items/1?say=status", "*", 202, "none"},
		{"GET", "/items/1?say=error", "*", 409, "none"},
		{"PATCH", "/items/1", "*", 200, "none"},
	} {
		status, got := ask(tt.method, tt.target, tt.ifNoneMatch)
		if status != tt.status || tt.tag == "none" && got != "" || tt.tag != "none" && tt.tag != "" && got != tt.tag {
			t.Errorf("%s %s, If-None-Match %s: got %d and %s, want %d and %s", tt.method, tt.target, tt.ifNoneMatch, status, got, tt.status, tt.tag)
		}
	}
}

func TestForms(t *testing.T) {
	api := restAPI(t)
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"}}
	for _, tt := range []struct {
		target string
		header http.Header
		body   string
		want   string
	}{
		{"/items/7?a=1", form, "id=8&a=2&b=x+y&b=%26", `200 {"a":"1","b":["x y","&"],"id":"7"}`},
		{"/items/7", form, "", `200 {"id":"7"}`},
		{"/items/7", form, "a=%", `400 {"error":"The form can't be read"}`},
		{"/items/7", form, ` {"a":1}`, `200 {"a":1,"id":"7"}`},
		{"/items/7", form, `{`, `400 {"error":"Request content should be JSON Object"}`},
		{"/items/7", form, `%7B=1`, `200 {"id":"7","{":"1"}`},
		{"/items/7", http.Header{"Content-Type": {"text/plain"}}, "a=1", `400 {"error":"Request content should be JSON Object"}`},
		{"/items/7", form, strings.Repeat("&a", 9999), "200"},
		{"/items/7", form, strings.Repeat("&a", 10000), `400 {"error":"The form has too many fields"}`},
		{"/items/7?" + strings.Repeat("&a", 10000), nil, "", `400 {"error":"The query has too many fields"}`},
	} {
		door := newMemory("PATCH", tt.header, tt.body)
		api.Serve(context.Background(), api.Find([]byte("PATCH"), []byte(tt.target)), door)
		if got := fmt.Sprint(door.answer.Code, " ", door.answer.Body); got != tt.want && (tt.want != "200" || door.answer.Code != 200) {
			t.Errorf("%.40s %.40s: got %.200s, want %s", tt.target, tt.body, got, tt.want)
		}
	}
}
