package decode_test

import (
	stdjson "encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"github.com/goccy/go-json"

	"github.com/apiphant/apiphant/internal/decode"
)

type small struct {
	Hello string `json:"hello" required:"true"`
}

type scalars struct {
	ID int64   `json:"id" required:"true" minimum:"1"`
	On bool    `json:"on"`
	X  float64 `json:"x"`
}

type address struct {
	Street string `json:"street" required:"true"`
	City   string `json:"city" minLength:"1"`
	Zip    string `json:"zip"`
}

type record struct {
	ID      int64     `json:"id" required:"true"`
	Name    string    `json:"name" required:"true" maxLength:"100"`
	Email   string    `json:"email"`
	Active  bool      `json:"active"`
	Score   float64   `json:"score" minimum:"0"`
	Tags    []string  `json:"tags"`
	Address address   `json:"address"`
	Counts  []int     `json:"counts"`
	Parent  *int64    `json:"parent"`
	Weights []float64 `json:"weights"`
}

type records struct {
	Total   int      `json:"total"`
	Records []record `json:"records" required:"true"`
}

func recordJSON(i int) string {
	return fmt.Sprintf(`{"id":%d,"name":"Ann Example %d","email":"ann%d@example.com","active":true,"score":%d.25,`+
		`"tags":["red","green","a longer tag"],"address":{"street":"1 Long Street","city":"Springfield","zip":"12345"},`+
		`"counts":[1,0,%d],"parent":%d}`, i, i, i, i, i, i/2)
}

func recordsJSON(n int) []byte {
	list := make([]string, n)
	for i := range list {
		list[i] = recordJSON(i)
	}
	return []byte(fmt.Sprintf(`{"total":%d,"records":[%s]}`, n, strings.Join(list, ",")))
}

var bodies = []struct {
	name string
	body []byte
}{
	{"17B", []byte(`{"hello":"world"}`)},
	{"1KB", recordsJSON(4)},
	{"100KB", recordsJSON(420)},
	{"different", differentJSON(420)},
}

// differentJSON has no text and hardly a number twice, as records seldom are.
func differentJSON(n int) []byte {
	list := make([]string, n)
	for i := range list {
		k := i * 7919
		list[i] = fmt.Sprintf(`{"id":%d,"name":"Ann Example %d","email":"ann%d@example.com","active":true,"score":%d.25,`+
			`"tags":["red%d","green%d","a longer tag%d"],"address":{"street":"%d Long Street","city":"%d Springfield","zip":"%d"},`+
			`"counts":[1%d,2%d,%d],"parent":%d}`, k, k+1, k+2, k+3, k+4, k+5, k+6, k+7, k+8, k+9, k+10, k+11, k+12, k+13)
	}
	return []byte(`{"records":[` + strings.Join(list, ",") + `]}`)
}

func BenchmarkObject(b *testing.B) {
	for _, tc := range bodies {
		b.Run(tc.name+"/decode", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(tc.body)))
			for b.Loop() {
				if _, err := decode.Object(tc.body); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(tc.name+"/go-json", func(b *testing.B) { intoMap(b, tc.body, json.Unmarshal) })
		b.Run(tc.name+"/encoding-json", func(b *testing.B) { intoMap(b, tc.body, stdjson.Unmarshal) })
	}
}

func intoMap(b *testing.B, body []byte, unmarshal func([]byte, any) error) {
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		var m map[string]any
		if err := unmarshal(body, &m); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTyped(b *testing.B) {
	typed[small](b, bodies[0].name, bodies[0].body)
	typed[scalars](b, "scalars", []byte(`{"id":17,"on":true,"x":0.5}`))
	typed[records](b, bodies[1].name, bodies[1].body)
	typed[records](b, bodies[2].name, bodies[2].body)
}

func typed[T any](b *testing.B, name string, body []byte) {
	plan, err := decode.Compile(reflect.TypeFor[T](), nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Run(name+"/decode", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(body)))
		for b.Loop() {
			v := new(T)
			if problems, err := plan.DecodePointer(body, unsafe.Pointer(v)); err != nil || problems != nil {
				b.Fatal(problems, err)
			}
		}
	})
	other := func(name string, unmarshal func([]byte, any) error) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				v := new(T)
				if err := unmarshal(body, v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	other(name+"/go-json", json.Unmarshal)
	other(name+"/encoding-json", stdjson.Unmarshal)
}

// BenchmarkValidate decodes the same text into the same fields, without rules and
// with those that numbers, text and lists have: the difference is what they cost.
func BenchmarkValidate(b *testing.B) {
	type none struct {
		Email string   `json:"email"`
		Code  string   `json:"code"`
		Count int      `json:"count"`
		Score float64  `json:"score"`
		Kind  string   `json:"kind"`
		Tags  []string `json:"tags"`
	}
	type rules struct {
		Email string   `json:"email" required:"true" format:"email"`
		Code  string   `json:"code" required:"true" pattern:"^[A-Z]{3}-[0-9]+$"`
		Count int      `json:"count" minimum:"1" maximum:"10"`
		Score float64  `json:"score" exclusiveMinimum:"0" multipleOf:"0.25"`
		Kind  string   `json:"kind" enum:"left,right"`
		Tags  []string `json:"tags" minItems:"1" maxItems:"5" uniqueItems:"true"`
	}
	body := []byte(`{"email":"ann@example.com","code":"ABC-17","count":3,"score":1.25,"kind":"left","tags":["red","green"]}`)
	typed[none](b, "none", body)
	typed[rules](b, "rules", body)
}
