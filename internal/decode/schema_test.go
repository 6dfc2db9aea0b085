package decode_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/apiphant/apiphant/internal/decode"
	"github.com/apiphant/apiphant/internal/rule"
)

type described struct {
	base2
	Name    string               `json:"name" required:"true" minLength:"0" maxLength:"9" pattern:"^a" doc:"who" example:"ann"`
	Count   *int                 `json:"count" default:"0" minimum:"-0" exclusiveMaximum:"10.50" multipleOf:"1"`
	Big     int64                `json:"big,string" default:"7" enum:"7,8"`
	Tags    []string             `json:"tags" enum:"a, b" minItems:"1" maxItems:"0002" uniqueItems:"true" deprecated:"use name"`
	Pair    [2]bool              `json:"pair" enum:"true"`
	At      time.Time            `json:"at" format:"date-time" default:"2026-11-21T00:00:00Z"`
	Color   color                `json:"color" default:"red"`
	Data    []byte               `json:"data"`
	Raw     json.RawMessage      `json:"raw"`
	Any     any                  `json:"any" example:"{\"a\":1}"`
	Free    map[string]any       `json:"free"`
	By      map[string]described `json:"by"`
	Next    *described           `json:"next"`
	Numbers []json.Number        `json:"numbers" default:"[1]"`
}

type base2 struct {
	ID uint8 `json:"id" minimum:"1"`
}

// describe writes a schema, and each struct in it once.
func describe(s *rule.Schema, seen map[*rule.Schema]bool) string {
	kind := s.Kind.String()
	switch s.Kind {
	case rule.Pointer:
		return "null or " + describe(s.Elem, seen)
	case rule.List, rule.Array, rule.Map:
		return kind + " of " + describe(s.Elem, seen)
	case rule.Struct:
		if seen[s] {
			return s.Type.Name()
		}
		seen[s] = true
		var lines []string
		for _, f := range s.Fields {
			rules, _ := json.Marshal(f.Rules)
			lines = append(lines, fmt.Sprintf("%s %s.%s quoted=%t %s %s", f.Name, f.Owner.Name(), f.GoName, f.Quoted, rules, describe(f.Schema, seen)))
		}
		return "struct:\n" + strings.Join(lines, "\n")
	default:
		return kind + " " + s.Type.String()
	}
}

// What a lister needs is all there, as JSON Schema has it, and a type that contains
// itself is described once.
func TestSchema(t *testing.T) {
	plan := compile[described](t)
	want := `struct:
id base2.ID quoted=false {"minimum":1} integer uint8
name described.Name quoted=false {"required":true,"minLength":0,"maxLength":9,"pattern":"^a","description":"who","example":"ann"} string string
count described.Count quoted=false {"default":0,"minimum":-0,"exclusiveMaximum":10.50,"multipleOf":1} null or integer int
big described.Big quoted=true {"default":7,"enum":[7,8]} integer int64
tags described.Tags quoted=false {"minItems":1,"maxItems":2,"uniqueItems":true,"items":{"enum":["a","b"]},"deprecated":true} array of string string
pair described.Pair quoted=false {"items":{"enum":[true]}} array of boolean bool
at described.At quoted=false {"default":"2026-11-21T00:00:00Z","format":"date-time"} string time.Time
color described.Color quoted=false {"default":"red"} string decode_test.color
data described.Data quoted=false {} string []uint8
raw described.Raw quoted=false {}  json.RawMessage
any described.Any quoted=false {"example":{"a":1}}  interface {}
free described.Free quoted=false {} object of  interface {}
by described.By quoted=false {} object of described
next described.Next quoted=false {} null or described
numbers described.Numbers quoted=false {"default":[1]} array of number json.Number`
	if d := cmp.Diff(describe(plan.Schema(), map[*rule.Schema]bool{}), want); d != "" {
		t.Error(d)
	}
}

// What is not set can be told apart from zero.
func TestRulesUnset(t *testing.T) {
	plan, err := decode.Compile(reflect.TypeFor[struct {
		A string `json:"a"`
		B string `json:"b" maxLength:"0" pattern:"" default:""`
	}](), nil)
	if err != nil {
		t.Fatal(err)
	}
	a, b := plan.Schema().Fields[0].Rules, plan.Schema().Fields[1].Rules
	if a.MaxLength != nil || a.Pattern != nil || a.Default != nil || b.MaxLength == nil || b.Pattern == nil || !slices.Equal(b.Default, []byte(`""`)) {
		t.Errorf("got %+v and %+v", a, b)
	}
}
