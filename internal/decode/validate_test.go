package decode_test

import (
	"errors"
	"testing"

	"github.com/apiphant/apiphant/internal/decode"
)

// fieldError stands for the root package's field errors, conflict for the others
// that are meant to go out.
type fieldError struct{ field string }

func (e fieldError) Error() string { return e.field }

var errConflict = errors.New("conflict")

func meaning(err error) ([]decode.Problem, error) {
	var f fieldError
	switch {
	case errors.As(err, &f):
		return []decode.Problem{{Path: f.field, State: decode.Invalid, Explain: "because"}}, nil
	case errors.Is(err, errConflict):
		return nil, err
	default:
		return nil, nil
	}
}

// checked fails as its Fail says.
type checked struct {
	Fail string   `json:"fail"`
	In   *checked `json:"in"`
	N    int      `json:"n"`
}

func (c checked) Validate() error {
	switch c.Fail {
	case "":
		return nil
	case "plain":
		return errors.New("plain")
	case "conflict":
		return errConflict
	case "panic":
		panic("validate")
	case "value":
		return fieldError{""}
	default:
		return fieldError{c.Fail}
	}
}

type byPointer struct{ Bad bool }

func (b *byPointer) Validate() error {
	if b.Bad {
		return fieldError{"Bad"}
	}
	return nil
}

type word string

func (w word) Validate() error {
	if w == "bad" {
		return errors.New("bad")
	}
	return nil
}

type promotes struct {
	byPointer
	X int
}

type hides struct {
	byPointer
	X int
}

func (hides) Validate() error { return nil }

func TestValidate(t *testing.T) {
	cases{
		"passes":             {run[one[checked]](`{"v":{"n":1}}`), `{"v":{"fail":"","in":null,"n":1}}`},
		"absent":             {run[one[byPointer]](`{}`), `{"v":{"Bad":false}}`},
		"field":              {run[one[[]checked]](`{"v":[{},{"fail":"code"}]}`), `v[1].code invalid`},
		"field with index":   {run[one[checked]](`{"v":{"fail":"[3].x"}}`), `v[3].x invalid`},
		"field of the root":  {run[checked](`{"fail":"code"}`), `code invalid`},
		"value":              {run[one[checked]](`{"v":{"fail":"value"}}`), `v invalid`},
		"plain":              {run[one[checked]](`{"v":{"fail":"plain"}}`), `v invalid`},
		"plain of the root":  {run[checked](`{"fail":"plain"}`), ` invalid`},
		"conflict":           {run[one[checked]](`{"v":{"fail":"conflict"}}`), `conflict`},
		"conflict of root":   {run[checked](`{"fail":"conflict"}`), `conflict`},
		"problems win":       {run[one[[]checked]](`{"v":[{"fail":"conflict"},{"n":"x"}]}`), `v[1].n invalid`},
		"syntax wins":        {run[one[[]checked]](`{"v":[{"fail":"conflict"}]`), decode.ErrNotObject.Error()},
		"root after syntax":  {run[checked](`{"fail":"panic"} x`), decode.ErrNotObject.Error()},
		"inner first":        {run[checked](`{"fail":"outer","in":{"fail":"inner"}}`), `in.inner invalid`},
		"own problem first":  {run[checked](`{"fail":"outer","n":"x"}`), `n invalid`},
		"behind a pointer":   {run[one[*checked]](`{"v":{"fail":"a"}}`), `v.a invalid`},
		"null":               {run[one[*checked]](`{"v":null}`), `{"v":null}`},
		"of a pointer":       {run[one[[]byPointer]](`{"v":[{"Bad":true}]}`), `v[0].Bad invalid`},
		"in a map":           {run[map[string]byPointer](`{"k":{"Bad":true}}`), `k.Bad invalid`},
		"of a string":        {run[one[[]word]](`{"v":["good","bad"]}`), `v[1] invalid`},
		"promoted":           {run[promotes](`{"Bad":true}`), `Bad invalid`},
		"hidden":             {run[hides](`{"Bad":true}`), `Bad invalid`},
		"of a replaced twin": {run[one[checked]](`{"v":{"fail":"conflict"},"v":{}}`), `{"v":{"fail":"","in":null,"n":0}}`},
	}.test(t)
}

func TestValidateExplains(t *testing.T) {
	problems, err := compile[one[checked]](t).Decode([]byte(`{"v":{"fail":"code"}}`), new(one[checked]))
	if err != nil || len(problems) != 1 || problems[0].Explain != "because" {
		t.Error(problems, err)
	}
	problems, err = compile[one[checked]](t).Decode([]byte(`{"v":{"fail":"plain"}}`), new(one[checked]))
	if err != nil || len(problems) != 1 || problems[0].Explain != nil || problems[0].Err.Error() != "plain" {
		t.Error(problems, err)
	}
}

func TestValidatePanics(t *testing.T) {
	defer func() {
		if got := recover(); got != "validate" {
			t.Error(got)
		}
	}()
	_, _ = compile[checked](t).Decode([]byte(`{"fail":"panic"}`), new(checked))
}
