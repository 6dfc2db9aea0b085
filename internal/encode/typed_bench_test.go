package encode_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	gojson "github.com/goccy/go-json"

	"github.com/apiphant/apiphant/internal/encode"
)

type small struct {
	Hello string `json:"hello"`
}

type order struct {
	ID       int64    `json:"id"`
	Customer customer `json:"customer"`
	Lines    []line   `json:"lines"`
	Notes    []string `json:"notes"`
	Paid     bool     `json:"paid"`
}

type customer struct {
	Name     string  `json:"name"`
	Email    string  `json:"email"`
	Billing  address `json:"billing"`
	Shipping address `json:"shipping"`
}

type address struct {
	Street  string `json:"street"`
	City    string `json:"city"`
	Zip     string `json:"zip"`
	Country string `json:"country"`
}

type line struct {
	Code  string  `json:"code"`
	Count int     `json:"count"`
	Price float64 `json:"price"`
	Title string  `json:"title"`
}

type record struct {
	ID      int64    `json:"id"`
	Name    string   `json:"name"`
	Email   string   `json:"email"`
	Active  bool     `json:"active"`
	Score   float64  `json:"score"`
	Tags    []string `json:"tags"`
	Address address  `json:"address"`
	Counts  []int    `json:"counts"`
}

type records struct {
	Items []record `json:"items,omitempty"`
}

type labels struct {
	Labels map[string]string `json:"labels"`
	Counts map[string]int    `json:"counts"`
}

type addresses struct {
	Addresses map[string]address `json:"addresses"`
}

func nested() *order {
	home := address{"1 Long Street", "Springfield", "12345", "Nowhere"}
	o := &order{ID: 1234567, Customer: customer{"Ann Example", "ann@example.com", home, home}, Paid: true,
		Notes: []string{"leave it at the door", "ring twice", "no paper, please, and thank you"}}
	for i := range 6 {
		o.Lines = append(o.Lines, line{fmt.Sprintf("ABC-%03d", i), i + 1, float64(10*i+9) + .25, fmt.Sprintf("A thing of the kind %d, in blue", i)})
	}
	return o
}

func list(n int) *records {
	r := &records{}
	for i := range n {
		r.Items = append(r.Items, record{int64(i), fmt.Sprint("Ann Example ", i), fmt.Sprintf("ann%d@example.com", i), true, float64(i) + .25,
			[]string{"red", "green", "a longer tag"}, address{"1 Long Street", "Springfield", "12345", "Nowhere"}, []int{1, 0, i}})
	}
	return r
}

// rare has what the encoder has no fast way for.
type rare struct {
	Items []rareItem `json:"items"`
}

type rareItem struct {
	ID    int             `json:"id"`
	Name  string          `json:"name"`
	Quote string          `json:"quote"`
	Third float64         `json:"third"`
	Large float64         `json:"large,omitempty"`
	Raw   json.RawMessage `json:"raw"`
	At    time.Time       `json:"at"`
}

func rareList(n int) *rare {
	r := &rare{}
	for i := range n {
		r.Items = append(r.Items, rareItem{1234567890 + i, "Zoë Müller-Lüdenscheidt", "\"So\", she said,\n\"be it\"", float64(i+1) / 3,
			1e22 / float64(i+7), json.RawMessage(`{"a":[1,2,3]}`), time.Unix(int64(i), 17).UTC()})
	}
	return r
}

// BenchmarkTyped encodes structs, beside the two others that could: 17 B, 1 KB and
// 100 KB, what the encoder has no fast way for, and maps in a struct, of scalars and
// of structs.
func BenchmarkTyped(b *testing.B) {
	structs := &addresses{Addresses: map[string]address{}}
	maps := &labels{Labels: map[string]string{}, Counts: map[string]int{}}
	for i := range 10 {
		maps.Labels[fmt.Sprint("label ", i)], maps.Counts[fmt.Sprint("count ", i)] = "value", i
		structs.Addresses[fmt.Sprint("address ", i)] = address{"1 Long Street", "Springfield", "12345", "Nowhere"}
	}
	for _, c := range []struct {
		name  string
		value any
	}{{"17B", &small{"world"}}, {"1KB", nested()}, {"100KB", list(420)}, {"rare", rareList(4)}, {"maps", maps}, {"structs", structs}} {
		var buffer bytes.Buffer
		plan, pointed := planOf(c.value)
		ours, fast, standard := encode.NewEncoder(&buffer), gojson.NewEncoder(&buffer), json.NewEncoder(&buffer)
		fast.SetEscapeHTML(false)
		standard.SetEscapeHTML(false)
		for _, by := range []struct {
			name   string
			encode func() error
		}{
			{"plan", func() error { return ours.EncodePointer(plan, c.value) }},
			{"interface", func() error { return ours.Encode(pointed) }},
			{"go-json", func() error { return fast.Encode(c.value) }},
			{"standard", func() error { return standard.Encode(c.value) }},
		} {
			b.Run(c.name+"/"+by.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					buffer.Reset()
					if err := by.encode(); err != nil {
						b.Fatal(err)
					}
				}
				b.SetBytes(int64(buffer.Len()))
			})
		}
	}
}

// planOf returns the plan of what a pointer points to, and that.
func planOf(pointer any) (plan *encode.Plan, pointed any) {
	v := reflect.ValueOf(pointer).Elem()
	return encode.Compile(v.Type()), v.Interface()
}
