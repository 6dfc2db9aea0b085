package apiphant

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"unicode/utf8"

	"github.com/apiphant/apiphant/internal/decode"
	"github.com/apiphant/apiphant/internal/rule"
	"github.com/apiphant/apiphant/internal/upload"
)

// filesOf returns the names of the fields of a request that are files. A file that is
// not the request's own field could have no name in a form.
func filesOf(schema *Schema) (map[string]bool, error) {
	for schema.Kind == rule.Pointer {
		schema = schema.Elem
	}
	var names map[string]bool
	seen := map[*Schema]bool{schema: true}
	for _, field := range schema.Fields {
		switch s := field.Schema; {
		case isFile(s), s.Kind == rule.List && isFile(s.Elem):
			if names == nil {
				names = map[string]bool{}
			}
			names[field.Name] = true
		case hasFile(s, seen):
			return nil, fmt.Errorf("%s.%s: an apiphant.File can only be a field of the request itself, or in a list there", schema.Type, field.GoName)
		}
	}
	return names, nil
}

func isFile(s *Schema) bool {
	return s.Kind == rule.File || s.Kind == rule.Pointer && s.Elem.Kind == rule.File
}

// hasFile reports whether there is a file anywhere in a schema that was not seen.
func hasFile(s *Schema, seen map[*Schema]bool) bool {
	if s == nil || seen[s] {
		return false
	}
	seen[s] = true
	if s.Kind == rule.File || hasFile(s.Elem, seen) {
		return true
	}
	for _, field := range s.Fields {
		if hasFile(field.Schema, seen) {
			return true
		}
	}
	return false
}

// form is a form that came as a request.
type form struct {
	*upload.Form
	values []decode.Value // its texts and files
	object []byte         // its parts that are JSON, as an object
}

// readForm reads the call's body, which is a form.
func (c *Call) readForm() error {
	mediaType, parameters, err := mime.ParseMediaType(c.door.Header("Content-Type"))
	switch boundary := parameters["boundary"]; {
	case err != nil || mediaType != "multipart/form-data":
		c.SetHeader("Accept", "multipart/form-data") // RFC 9110, section 15.5.16
		return &Error{Status: http.StatusUnsupportedMediaType}
	case boundary == "" || len(boundary) > 70: // RFC 2046, section 5.1.1
		return &Error{Status: http.StatusBadRequest, Err: errors.New("the Content-Type has no valid boundary")}
	}
	options := upload.Options{Boundary: parameters["boundary"], IsFile: func(name string) bool { return c.match.Endpoint.files[name] }}
	if door, ok := c.door.(MemoryKeeper); ok {
		options.Take = door.TakeMemory
	}
	parts, err := upload.Read(c.request(&c.context).Body, options)
	if errors.Is(err, upload.ErrTooManyFiles) {
		c.SetHeader("Retry-After", "1")
		return &Error{Status: http.StatusServiceUnavailable, Err: err}
	}
	if err != nil {
		return formError(err)
	}
	c.form = &form{Form: parts}
	return c.form.compose()
}

// formError returns the error for a form that could not be read.
func formError(err error) error {
	var known *Error
	var large *http.MaxBytesError
	var body *upload.BodyError
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &large), errors.Is(err, upload.ErrTooLarge):
		return &Error{Status: http.StatusRequestEntityTooLarge}
	case errors.As(err, &body):
		return &Error{Status: http.StatusBadRequest, Err: err}
	}
	return err
}

// compose makes values of the parts that are texts and files, and an object of those
// that are JSON.
func (f *form) compose() error {
	at := map[string]int{}
	object := bytes.NewBufferString("{")
	for i := range f.Parts {
		part := &f.Parts[i]
		if part.IsJSON {
			if !utf8.ValidString(part.Text) || !json.Valid([]byte(part.Text)) {
				return fieldErrors([]decode.Problem{{Path: decode.PathOf(part.Name), State: decode.Invalid}})
			}
			if object.Len() > 1 {
				object.WriteByte(',')
			}
			name, _ := json.Marshal(part.Name) // text can always be written
			object.Write(name)
			object.WriteByte(':')
			object.WriteString(part.Text)
			continue
		}
		key := strconv.FormatBool(part.IsFile) + part.Name // a value has texts or files
		n, seen := at[key]
		if !seen {
			n = len(f.values)
			at[key] = n
			f.values = append(f.values, decode.Value{Name: part.Name})
		}
		value := &f.values[n]
		switch {
		case part.Content != nil:
			file := fileOf(part.FileName, part.Content)
			value.Files = append(value.Files, &file)
		case part.IsFile:
			value.Files = append(value.Files, nil)
		default:
			value.Texts = append(value.Texts, part.Text)
		}
	}
	object.WriteByte('}')
	f.object = object.Bytes()
	return nil
}

// decodeForm is decode for a request that is a form.
func (d decoder[T]) decodeForm(call *Call, request *T) ([]decode.Problem, error) {
	var values []decode.Value
	if call.match.further != nil {
		var err error
		if values, _, err = call.parameters(); err != nil {
			return nil, err
		}
	}
	values = append(values[:len(values):len(values)], call.form.values...)
	return d.planFor(call).DecodeWith(call.form.object, values, request)
}
