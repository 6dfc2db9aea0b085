package doortest

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/apiphant/apiphant"
)

// order is a typed request with a tag of each kind.
type order struct {
	ID     int64           `json:"id" required:"true" minimum:"1" maximum:"9007199254740993"`
	Email  string          `json:"email" format:"email"`
	Note   string          `json:"note" maxLength:"5" default:"none"`
	Kind   string          `json:"kind" enum:"new,used" default:"new"`
	Gift   bool            `json:"gift" required:"true"`
	Price  float64         `json:"price" exclusiveMinimum:"0" multipleOf:"0.01" default:"1"`
	Lines  []line          `json:"lines" maxItems:"3"`
	ByName map[string]line `json:"byName,omitempty"`
	Tags   []string        `json:"tags,omitempty" uniqueItems:"true"`
	Ship   *address        `json:"ship,omitempty"`
	base
}

type base struct {
	Source string `json:"source" pattern:"^[a-z]*$"`
}

type line struct {
	Code  string `json:"code" required:"true" minLength:"2"`
	Count int8   `json:"count" default:"1"`
}

type address struct {
	City string `json:"city" required:"true"`
}

// kinds has a field of each kind of type.
type kinds struct {
	Bool    bool            `json:"bool"`
	Int     int             `json:"int"`
	Uint8   uint8           `json:"uint8"`
	Float   float64         `json:"float"`
	Text    string          `json:"text"`
	Number  json.Number     `json:"number"`
	Any     any             `json:"any"`
	Message json.RawMessage `json:"message"`
	Pointer *int            `json:"pointer"`
	Time    time.Time       `json:"time"`
	List    []int           `json:"list"`
	Object  apiphant.Object `json:"object"`
}

// checked has a Validate of its own.
type checked struct {
	From int `json:"from"`
	To   int `json:"to"`
}

// Validate has a pointer receiver, which a check of the type alone would miss.
func (c *checked) Validate() error {
	if c.From > c.To {
		return &apiphant.Error{Status: http.StatusBadRequest, Detail: apiphant.FieldError{Field: "to", State: "invalid", Explain: "want from <= to"}}
	}
	return nil
}

// addTyped adds functions with typed requests; each answers with its request.
func addTyped(read func(string, apiphant.Action)) {
	read("v0/typed/order", apiphant.Func(func(_ context.Context, request order) (order, error) { return request, nil }))
	read("v0/typed/kinds", apiphant.Func(func(_ context.Context, request kinds) (*kinds, error) { return &request, nil }))
	read("v0/typed/checked", apiphant.FuncWithoutContext(func(request checked) (checked, error) { return request, nil }))
	read("v0/typed/raw-response", apiphant.RawResponse(
		func(_ context.Context, request line, w http.ResponseWriter) error {
			return json.NewEncoder(w).Encode(request)
		}))
}
