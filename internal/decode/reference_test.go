package decode_test

import (
	"bytes"
	"encoding"
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// The classes in which decoding differs from encoding/json, each for a reason that
// the package's comment gives. Nothing else may differ.
const (
	utf8Refused    = "invalid UTF-8 is refused, not mended"
	tooDeep        = "objects and lists nest to a depth of 64"
	notObject      = "the top level is an object"
	empty          = "no byte at all is {}"
	letterCase     = "keys match in their exact letter case"
	duplicateKey   = "of duplicate keys the last wins entirely"
	nullRefused    = "null is a value only for pointers, any, json.RawMessage and types with UnmarshalJSON"
	numberInQuotes = "a json.Number in quotes is refused"
	inQuotes       = "what is in the quotes of \",string\" is as it would be without"
	bytesFromList  = "[]byte is base64 alone, not a list of numbers too"
	bytesByMethods = "a list whose elements are bytes with methods is a list"
	listForArray   = "a list longer than its Go array is invalid, not cut"
	timeFormat     = "a time.Time is exactly what RFC 3339, section 5.6, calls date-time"
)

// expectation is what encoding/json and the classes of difference make of a body.
type expectation struct {
	classes  map[string]bool // that the body has
	accepted bool            // it is an object
	invalid  bool            // it has a problem, by a class
	body     []byte          // what encoding/json decodes alike, if there is no such problem

	repeats bool // a key comes twice
	unknown bool // a struct has no field for a key
}

// expect says what must come of a body for a type.
func expect(t reflect.Type, body []byte) *expectation {
	e := &expectation{classes: map[string]bool{}}
	switch {
	case len(body) == 0:
		e.classes[empty], e.accepted, e.body = true, true, []byte("{}")
		return e
	case !utf8.Valid(body):
		e.classes[utf8Refused] = json.Valid(body)
		return e
	case !json.Valid(body):
		return e
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	root, depth := read(d, body)
	e.classes[tooDeep] = depth > 64
	e.classes[notObject] = root.open != '{'
	if e.accepted = depth <= 64 && root.open == '{'; e.accepted {
		e.value(t, false, root)
		e.body = root.text(nil)
	}
	return e
}

// tree is a JSON value with the text that it has.
type tree struct {
	raw     []byte
	open    byte // { or [, 0 for a scalar
	scalar  any
	members []member
	changed bool // raw is not what it is any more
}

type member struct {
	raw  []byte // the key as it stands
	key  string
	tree *tree
}

// read reads the next value by encoding/json's tokens.
func read(d *json.Decoder, body []byte) (t *tree, depth int) {
	token, err := d.Token()
	if err != nil {
		panic(err) // json.Valid has said that there is none
	}
	end := d.InputOffset()
	t = &tree{}
	delim, ok := token.(json.Delim)
	if !ok {
		t.scalar, t.raw = token, body[:end]
		return t, 0
	}
	start := end - 1
	t.open = byte(delim)
	for d.More() {
		m := member{}
		if t.open == '{' {
			before := d.InputOffset()
			key, _ := d.Token()
			m.key = key.(string)
			m.raw = bytes.TrimLeft(body[before:d.InputOffset()], ", \t\r\n")
		}
		before := d.InputOffset()
		inner := 0
		m.tree, inner = read(d, body)
		if m.tree.open == 0 {
			m.tree.raw = bytes.TrimLeft(body[before:d.InputOffset()], ":, \t\r\n")
		}
		depth = max(depth, inner)
		t.members = append(t.members, m)
	}
	_, _ = d.Token()
	t.raw = body[start:d.InputOffset()]
	return t, depth + 1
}

// text appends the value as it is now.
func (t *tree) text(out []byte) []byte {
	if !t.isChanged() || t.open == 0 {
		return append(out, t.raw...)
	}
	out = append(out, t.open)
	for i, m := range t.members {
		if i > 0 {
			out = append(out, ',')
		}
		if t.open == '{' {
			out = append(append(out, m.raw...), ':')
		}
		out = m.tree.text(out)
	}
	return append(out, t.open+2)
}

func (t *tree) isChanged() bool {
	return t.changed || slices.ContainsFunc(t.members, func(m member) bool { return m.tree.isChanged() })
}

func (t *tree) isNull() bool { return t.open == 0 && t.scalar == nil }

// repeated says whether a key comes twice anywhere.
func (t *tree) repeated() bool {
	keys := map[string]bool{}
	for _, m := range t.members {
		if t.open == '{' && keys[m.key] || m.tree.repeated() {
			return true
		}
		keys[m.key] = true
	}
	return false
}

// lastOnes drops the members that later ones of the same key replace.
func (e *expectation) lastOnes(t *tree) {
	last := map[string]int{}
	for i, m := range t.members {
		last[m.key] = i
	}
	if len(last) == len(t.members) {
		return
	}
	e.classes[duplicateKey], e.repeats, t.changed = true, true, true
	i := -1
	t.members = slices.DeleteFunc(t.members, func(m member) bool { i++; return last[m.key] != i })
}

func (e *expectation) refuse(class string) { e.classes[class], e.invalid = true, true }

var (
	jsonUnmarshaler = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
	messageType     = reflect.TypeFor[json.RawMessage]()
	numberType      = reflect.TypeFor[json.Number]()
)

// value finds where a value and all in it differ for a type.
func (e *expectation) value(t reflect.Type, quoted bool, v *tree) {
	for t.Kind() == reflect.Pointer {
		if t = t.Elem(); v.isNull() {
			return
		}
	}
	inText := func() string { text, _ := v.scalar.(string); return text }
	switch byMethods := reflect.PointerTo(t); {
	case t == messageType, t.Kind() == reflect.Interface:
		e.repeats = e.repeats || v.repeated()
	case v.isNull() && byMethods.Implements(jsonUnmarshaler) && t != reflect.TypeFor[time.Time]() && !quoted:
	case v.isNull():
		e.refuse(nullRefused)
	case quoted:
		e.quoted(t, v)
	case t == reflect.TypeFor[time.Time]():
		e.time(v)
	case byMethods.Implements(jsonUnmarshaler):
		e.repeats = e.repeats || v.repeated()
	case byMethods.Implements(textUnmarshaler):
	case t == numberType:
		if inText() != "" || v.scalar == "" {
			e.refuse(numberInQuotes)
		}
	case t.Kind() == reflect.Struct && v.open == '{':
		e.object(t, v)
	case t.Kind() == reflect.Map && v.open == '{':
		e.mapping(t, v)
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 && v.open == '[' && !hasUnmarshaler(t.Elem()):
		e.refuse(bytesFromList)
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 && v.open == 0 && hasUnmarshaler(t.Elem()):
		e.refuse(bytesByMethods)
	case t.Kind() == reflect.Slice && v.open == '[', t.Kind() == reflect.Array && v.open == '[':
		for _, m := range v.members {
			e.value(t.Elem(), false, m.tree)
		}
		if t.Kind() == reflect.Array && len(v.members) > t.Len() {
			e.refuse(listForArray)
		}
	}
}

// dateTime has the grammar of RFC 3339, section 5.6.
var dateTime = regexp.MustCompile(`^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:)(\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)$`)

// time is about a value for a time.Time. Where RFC 3339 has a form that
// encoding/json does not know, the value becomes the one that it knows.
func (e *expectation) time(v *tree) {
	text, ok := v.scalar.(string)
	if !ok {
		return // both refuse it
	}
	parts := dateTime.FindStringSubmatch(text)
	if parts == nil {
		e.refuse(timeFormat)
		return
	}
	leap := parts[3] == "60"
	if leap {
		parts[3] = "59"
	}
	known := strings.ToUpper(parts[1] + "T" + parts[2] + parts[3] + parts[4] + parts[5])
	if leap {
		second, err := time.Parse(time.RFC3339Nano, known)
		if err != nil {
			return // both refuse it
		}
		known = second.Add(time.Second).Format(time.RFC3339Nano)
	}
	if known != text {
		e.classes[timeFormat], v.changed = true, true
		v.raw = []byte(`"` + known + `"`)
	}
}

func hasUnmarshaler(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(jsonUnmarshaler) || reflect.PointerTo(t).Implements(textUnmarshaler)
}

// quoted is about a scalar with the option ",string".
func (e *expectation) quoted(t reflect.Type, v *tree) {
	text, ok := v.scalar.(string)
	if !ok {
		return // both refuse it
	}
	switch {
	case !json.Valid([]byte(text)) || strings.Trim(text, " \t\r\n") != text || text == "null":
		e.refuse(inQuotes)
	case t == numberType && text[0] == '"':
		e.refuse(numberInQuotes)
	}
}

func (e *expectation) mapping(t reflect.Type, v *tree) {
	e.lastOnes(v)
	keys := reflect.New(reflect.MapOf(t.Key(), reflect.TypeFor[bool]())).Elem()
	for _, m := range v.members {
		one := reflect.New(keys.Type())
		if json.Unmarshal(append(append([]byte("{"), m.raw...), ":true}"...), one.Interface()) == nil {
			key := one.Elem().MapKeys()[0]
			e.repeats = e.repeats || keys.IsValid() && !keys.IsNil() && keys.MapIndex(key).IsValid()
			if keys.IsNil() {
				keys.Set(reflect.MakeMap(keys.Type()))
			}
			keys.SetMapIndex(key, reflect.ValueOf(true))
		}
		e.value(t.Elem(), false, m.tree)
	}
}

func (e *expectation) object(t reflect.Type, v *tree) {
	e.lastOnes(v)
	fields := fieldsOf(t)
	kept := v.members[:0:0]
	for _, m := range v.members {
		f, ok := fields[m.key]
		if ok {
			e.value(f.Type, isQuoted(f), m.tree)
			kept = append(kept, m)
			continue
		}
		e.unknown = true
		folds := false
		for name := range fields {
			folds = folds || strings.EqualFold(name, m.key)
		}
		if folds {
			e.classes[letterCase], v.changed = true, true
		} else {
			kept = append(kept, m)
		}
	}
	v.members = kept
}

func isQuoted(f reflect.StructField) bool {
	t := f.Type
	if t.Kind() == reflect.Pointer && t.Name() == "" {
		t = t.Elem()
	}
	switch k := t.Kind(); {
	case k == reflect.String, k == reflect.Bool, k >= reflect.Int && k <= reflect.Float64:
		_, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		return slices.Contains(strings.Split(options, ","), "string")
	default:
		return false
	}
}

// fieldsOf are the fields of a struct by their names in JSON, as encoding/json says:
// the least nested wins, then the one that has the name from a tag; else neither.
func fieldsOf(t reflect.Type) map[string]reflect.StructField {
	if fields, ok := fieldsKnown.Load(t); ok {
		return fields.(map[string]reflect.StructField)
	}
	type found struct {
		reflect.StructField
		depth, times int
		tagged       bool
	}
	all := map[string]found{}
	var walk func(t reflect.Type, depth int)
	walk = func(t reflect.Type, depth int) {
		for i := range t.NumField() {
			f := t.Field(i)
			ft := f.Type
			if ft.Kind() == reflect.Pointer {
				ft = ft.Elem()
			}
			tag := f.Tag.Get("json")
			name, _, _ := strings.Cut(tag, ",")
			if strings.ContainsAny(name, `\"`) {
				name = ""
			}
			switch {
			case tag == "-", !f.IsExported() && !(f.Anonymous && ft.Kind() == reflect.Struct):
				continue
			case f.Anonymous && ft.Kind() == reflect.Struct && name == "":
				walk(ft, depth+1)
				continue
			}
			now := found{f, depth, 1, name != ""}
			if name == "" {
				name = f.Name
			}
			before, ok := all[name]
			switch {
			case !ok || depth < before.depth || depth == before.depth && now.tagged && !before.tagged:
				all[name] = now
			case depth == before.depth && now.tagged == before.tagged:
				before.times++
				all[name] = before
			}
		}
	}
	walk(t, 0)
	fields := map[string]reflect.StructField{}
	for name, f := range all {
		if f.times == 1 {
			fields[name] = f.StructField
		}
	}
	fieldsKnown.Store(t, fields)
	return fields
}

var fieldsKnown sync.Map // by their type
