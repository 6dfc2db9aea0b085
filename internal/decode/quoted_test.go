package decode_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/apiphant/apiphant/internal/decode"
)

// alike are keys that are nearly a key: with another byte at each place, shorter and
// longer, and it itself escaped.
func alike(key string) []string {
	list := []string{key + "a", key[1:], key[:len(key)-1]}
	for i := range key {
		list = append(list, key[:i]+"z"+key[i+1:], key[:i]+`\"`+key[i+1:], key[:i]+`\u0061`+key[i+1:])
	}
	return list
}

// keysOfAllLengths are of a to l, up to more than are ever compared as known.
func keysOfAllLengths() (keys []string) {
	for n := 1; n <= 40; n++ {
		keys = append(keys, strings.Repeat("abcdefghijkl", 4)[:n])
	}
	return keys
}

func TestObjectKeysNearlyExpected(t *testing.T) {
	for _, key := range keysOfAllLengths() {
		for _, near := range alike(key) {
			record, other := `{"`+key+`":1}`, `{"`+near+`":2}`
			for _, body := range []string{
				`{"list":[` + record + `,` + record + `,` + other + `,` + record + `]}        `,
				`{"list":[` + record + `,{"` + key + `" :3},` + other + `]}`,
				`{"` + key + `":1,"b":2}`, `{"` + near + `":1,"b":2}`,
			} {
				if got, want := object(t, body), plain(t, body); !reflect.DeepEqual(got, want) {
					t.Fatalf("%s\ngot  %v\nwant %v", body, got, want)
				}
			}
			for _, body := range []string{`{"l":[` + record + `,{"` + key + `"1},0,0,0]}`, `{"l":[` + record + `,{"` + key + `:1},0,0,0]}`} {
				if got, err := decode.Object([]byte(body)); err == nil {
					t.Fatalf("%s\ngot %v", body, got)
				}
			}
		}
	}
}

func TestFieldsNearlyExpected(t *testing.T) {
	for _, key := range keysOfAllLengths() {
		typ := reflect.StructOf([]reflect.StructField{
			{Name: "A", Type: reflect.TypeFor[int](), Tag: reflect.StructTag(`json:"` + key + `"`)},
			{Name: "B", Type: reflect.TypeFor[string](), Tag: `json:"b_"`},
		})
		plan, err := decode.Compile(typ, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, near := range append(alike(key), key) {
			body := `{"` + near + `":1,"b_":"text behind it"}`
			_, known := plain(t, body)[key]
			v := reflect.New(typ)
			if problems, err := plan.Decode([]byte(body), v.Interface()); err != nil || problems != nil {
				t.Fatal(body, problems, err)
			}
			if got := v.Elem().Field(0).Int(); (got == 1) != known || v.Elem().Field(1).String() != "text behind it" {
				t.Errorf("%s: got %+v", body, v.Elem())
			}
			if problems, err := plan.Strict().Decode([]byte(body), v.Interface()); err != nil || (problems == nil) != known {
				t.Errorf("%s: strictly got %v, %v", body, problems, err)
			}
		}
	}
}
