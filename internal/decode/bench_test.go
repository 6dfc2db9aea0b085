package decode_test

import (
	stdjson "encoding/json"
	"fmt"
	"math/rand/v2"
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

// differentJSON is like recordsJSON, but no text and few numbers are in it twice.
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

// spaced returns body with a space after each colon and comma, as Python writes JSON.
func spaced(body []byte) []byte {
	return []byte(strings.NewReplacer(`":`, `": `, `,`, `, `).Replace(string(body)))
}

// cyrillic returns body with texts whose letters are not ASCII.
func cyrillic(body []byte) []byte {
	return []byte(strings.NewReplacer("Ann Example", "Анна Каренина, роман в восьми частях", "1 Long Street", "улица Льва Толстого, 21",
		"Springfield", "Санкт-Петербург").Replace(string(body)))
}

// shuffled returns requests of four records each, whose members come in a different order
// each time.
func shuffled() (bodies [][]byte) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 64 {
		var list []string
		for i := range 4 {
			members := []string{`"street":"1 Long Street"`, `"city":"Springfield"`, `"zip":"12345"`}
			random.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
			members = []string{fmt.Sprintf(`"id":%d`, i), fmt.Sprintf(`"name":"Ann Example %d"`, i), fmt.Sprintf(`"email":"ann%d@example.com"`, i),
				`"active":true`, fmt.Sprintf(`"score":%d.25`, i), `"tags":["red","green","a longer tag"]`,
				`"address":{` + strings.Join(members, ",") + `}`, fmt.Sprintf(`"counts":[1,0,%d]`, i), fmt.Sprintf(`"parent":%d`, i/2)}
			random.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
			list = append(list, "{"+strings.Join(members, ",")+"}")
		}
		bodies = append(bodies, []byte(`{"total":4,"records":[`+strings.Join(list, ",")+`]}`))
	}
	return bodies
}

// listsJSON has lists of 20 numbers.
func listsJSON(n int) []byte {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(`{"id":%d,"name":"Ann Example %d","weights":[%s0.5]}`, i, i, strings.Repeat("17.25,", 19))
	}
	return []byte(`{"records":[` + strings.Join(list, ",") + `]}`)
}

// newKeys returns requests of 20 keys each, none of which is in two requests.
func newKeys() (bodies [][]byte) {
	for i := range 64 {
		var members []string
		for j := range 20 {
			members = append(members, fmt.Sprintf(`"key %d":"value of %d"`, i*20+j, j))
		}
		bodies = append(bodies, []byte(`{"labels":{`+strings.Join(members, ",")+`}}`))
	}
	return bodies
}

// bodies are typical requests, and requests that the decoder's guesses are wrong for.
var bodies = []struct {
	name   string
	bodies [][]byte // decoded in turn
}{
	{"17B", [][]byte{[]byte(`{"hello":"world"}`)}},
	{"1KB", [][]byte{recordsJSON(4)}},
	{"100KB", [][]byte{recordsJSON(420)}},
	{"different", [][]byte{differentJSON(420)}},
	{"lists", [][]byte{listsJSON(50)}},
	{"spaced", [][]byte{spaced(recordsJSON(4))}},
	{"cyrillic", [][]byte{cyrillic(recordsJSON(4))}},
	{"shuffled", shuffled()},
	{"newkeys", newKeys()},
}

func BenchmarkObject(b *testing.B) {
	for _, tc := range bodies {
		b.Run(tc.name+"/decode", func(b *testing.B) {
			each(b, tc.bodies, func(body []byte) error { _, err := decode.Object(body); return err })
		})
		b.Run(tc.name+"/go-json", func(b *testing.B) { each(b, tc.bodies, unmarshalled[map[string]any](json.Unmarshal)) })
		b.Run(tc.name+"/encoding-json", func(b *testing.B) { each(b, tc.bodies, unmarshalled[map[string]any](stdjson.Unmarshal)) })
	}
}

func each(b *testing.B, bodies [][]byte, decode func(body []byte) error) {
	b.ReportAllocs()
	b.SetBytes(int64(len(bodies[0])))
	for i := 0; b.Loop(); i++ {
		if err := decode(bodies[i%len(bodies)]); err != nil {
			b.Fatal(err)
		}
	}
}

func unmarshalled[T any](unmarshal func([]byte, any) error) func(body []byte) error {
	return func(body []byte) error { return unmarshal(body, new(T)) }
}

func BenchmarkTyped(b *testing.B) {
	typed[scalars](b, "scalars", []byte(`{"id":17,"on":true,"x":0.5}`))
	for _, tc := range bodies {
		switch tc.name {
		case "17B":
			typed[small](b, tc.name, tc.bodies...)
		case "newkeys":
			typed[map[string]map[string]string](b, tc.name, tc.bodies...)
		default:
			typed[records](b, tc.name, tc.bodies...)
		}
	}
}

func typed[T any](b *testing.B, name string, bodies ...[]byte) {
	plan, err := decode.Compile(reflect.TypeFor[T](), nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Run(name+"/decode", func(b *testing.B) {
		each(b, bodies, func(body []byte) error {
			problems, err := plan.DecodePointer(body, unsafe.Pointer(new(T)))
			if problems != nil {
				b.Fatal(problems)
			}
			return err
		})
	})
	b.Run(name+"/go-json", func(b *testing.B) { each(b, bodies, unmarshalled[T](json.Unmarshal)) })
	b.Run(name+"/encoding-json", func(b *testing.B) { each(b, bodies, unmarshalled[T](stdjson.Unmarshal)) })
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
