package supervisord

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// maxDepth bounds how deep the values of an answer are nested.
const maxDepth = 16

// encode returns the call of a method as XML-RPC. The parameters are strings and
// booleans.
func encode(method string, params []any) []byte {
	var to bytes.Buffer
	to.WriteString(xml.Header + "<methodCall><methodName>" + method + "</methodName><params>")
	for _, param := range params {
		to.WriteString("<param><value>")
		switch param := param.(type) {
		case bool:
			value := "0"
			if param {
				value = "1"
			}
			to.WriteString("<boolean>" + value + "</boolean>")
		case string:
			to.WriteString("<string>")
			_ = xml.EscapeText(&to, []byte(param)) // a buffer takes all
			to.WriteString("</string>")
		}
		to.WriteString("</value></param>")
	}
	to.WriteString("</params></methodCall>")
	return to.Bytes()
}

// decode returns the value of an answer: a string, an int, a bool, a []any or a
// map[string]any; or its [Fault].
func decode(from io.Reader) (any, error) {
	d := decoder{xml.NewDecoder(from)}
	for {
		start, err := d.next()
		if err != nil {
			return nil, err
		}
		switch start {
		case "value":
			return d.value(0)
		case "fault":
			return nil, d.fault()
		}
	}
}

type decoder struct{ *xml.Decoder }

// next returns the name of the next element that begins; "" where the present one ends.
func (d decoder) next() (string, error) {
	for {
		token, err := d.Token()
		if err != nil {
			return "", fmt.Errorf("the answer is not XML-RPC: %w", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			return token.Name.Local, nil
		case xml.EndElement:
			if token.Name.Local == "params" || token.Name.Local == "methodResponse" {
				return "", errors.New("the answer has no value")
			}
		}
	}
}

func (d decoder) fault() error {
	if name, err := d.next(); err != nil || name != "value" {
		return errors.Join(errors.New("a fault without a value"), err)
	}
	value, err := d.value(0)
	if err != nil {
		return err
	}
	fields, _ := value.(map[string]any)
	code, _ := fields["faultCode"].(int)
	text, _ := fields["faultString"].(string)
	return &Fault{code, text}
}

// value reads what is in a value, to its end.
func (d decoder) value(depth int) (any, error) {
	if depth > maxDepth {
		return nil, errors.New("the values are nested too deep")
	}
	var text strings.Builder
	var value any
	for {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		switch token := token.(type) {
		case xml.CharData:
			text.Write(token)
		case xml.StartElement:
			if value, err = d.typed(token.Name.Local, depth); err != nil {
				return nil, err
			}
		case xml.EndElement:
			if value == nil {
				return text.String(), nil // a value without a type is a string
			}
			return value, nil
		}
	}
}

// typed reads an element that has the type of a value, to its end.
func (d decoder) typed(kind string, depth int) (any, error) {
	switch kind {
	case "array":
		return d.array(depth)
	case "struct":
		return d.members(depth)
	}
	text, err := d.text()
	if err != nil {
		return nil, err
	}
	switch kind {
	case "int", "i4":
		return strconv.Atoi(strings.TrimSpace(text))
	case "boolean":
		return strings.TrimSpace(text) == "1", nil
	}
	return text, nil
}

// text returns the text of the present element, to its end.
func (d decoder) text() (string, error) {
	var text strings.Builder
	for {
		token, err := d.Token()
		if err != nil {
			return "", err
		}
		switch token := token.(type) {
		case xml.CharData:
			text.Write(token)
		case xml.StartElement:
			return "", fmt.Errorf("an element %s where text was expected", token.Name.Local)
		case xml.EndElement:
			return text.String(), nil
		}
	}
}

func (d decoder) array(depth int) (any, error) {
	values := []any{}
	for {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			if token.Name.Local == "value" {
				value, err := d.value(depth + 1)
				if err != nil {
					return nil, err
				}
				values = append(values, value)
			}
		case xml.EndElement:
			if token.Name.Local == "array" {
				return values, nil
			}
		}
	}
}

func (d decoder) members(depth int) (any, error) {
	members, name := map[string]any{}, ""
	for {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			switch token.Name.Local {
			case "name":
				if name, err = d.text(); err != nil {
					return nil, err
				}
			case "value":
				if members[name], err = d.value(depth + 1); err != nil {
					return nil, err
				}
			}
		case xml.EndElement:
			if token.Name.Local == "struct" {
				return members, nil
			}
		}
	}
}
