package apiphant_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/validation"
)

// asked asks a function with a body. It returns status and body of the answer, and
// what was logged.
func asked(t *testing.T, action apiphant.Action, body string) (answer, log string) {
	t.Helper()
	api := &apiphant.API{}
	api.Handle("v0/a", apiphant.Actions{Read: action})
	if err := api.Check(); err != nil {
		return err.Error(), ""
	}
	var lines bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&lines, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == "request_id" {
			return slog.Attr{}
		}
		return a
	}}))
	door := newMemory("POST", nil, body)
	api.Serve(apiphant.WithLog(context.Background(), logger), api.Find([]byte("POST"), []byte("/api/v0/a/read")), door)
	return fmt.Sprint(door.answer.Code, " ", door.answer.Body), lines.String()
}

func TestErrorsOfFunctions(t *testing.T) {
	a, b, c := validation.Missing("a"), validation.Invalid("b", 1), &apiphant.Error{Status: 409, Detail: "twice"}
	secret := errors.New("secret")
	many := make([]error, 150)
	for i := range many {
		many[i] = validation.Missing(fmt.Sprint("f", i))
	}
	both := `400 {"error":{"field":"a","state":"missing"},"errors":[{"field":"a","state":"missing"},{"field":"b","state":"invalid","explain":1}]}`
	one := `400 {"error":{"field":"a","state":"missing"}}`
	for name, tc := range map[string]struct {
		err         error
		answer, log string // log: is in it
	}{
		"joined":                {errors.Join(a, b), both, "a is missing"},
		"joined and wrapped":    {fmt.Errorf("while ordering: %w", errors.Join(a, fmt.Errorf("b: %w", b))), both, "while ordering"},
		"by two verbs":          {fmt.Errorf("%w and %w", a, b), both, ""},
		"joined twice":          {errors.Join(errors.Join(a), errors.Join(nil, b)), both, ""},
		"with one for the log":  {errors.Join(secret, a, b), both, "secret"},
		"with one of its own":   {errors.Join(a, c), one, "twice"},
		"one of its own first":  {errors.Join(c, a), `409 {"error":"twice"}`, "a is missing"},
		"one of them":           {errors.Join(a), one, ""},
		"with another status":   {errors.Join(a, &apiphant.Error{Status: 422, Detail: apiphant.FieldError{Field: "b", State: "invalid"}}), one, ""},
		"each has several":      {errors.Join(&apiphant.Error{Status: 400, Detail: apiphant.FieldError{Field: "a", State: "missing"}, Errors: []any{apiphant.FieldError{Field: "a", State: "missing"}}}, b), both, ""},
		"the status of another": {&apiphant.Error{Status: 302}, `500 {"error":"500 Internal Server Error"}`, "an apiphant.Error has the status 302: want 400 to 599"},
		"no status":             {fmt.Errorf("x: %w", &apiphant.Error{Detail: "d"}), `500 {"error":"500 Internal Server Error"}`, "an apiphant.Error has the status 0: want 400 to 599: x: "},
		"600":                   {&apiphant.Error{Status: 600, Err: secret}, `500 {"error":"500 Internal Server Error"}`, "secret"},
	} {
		answer, log := asked(t, apiphant.Proc(func(context.Context, apiphant.Object) error { return tc.err }), "")
		if answer != tc.answer || !strings.Contains(log, tc.log) || strings.Contains(answer, "secret") {
			t.Errorf("%s: got  %s\nwant %s\nlog %s\nwant %s", name, answer, tc.answer, log, tc.log)
		}
	}
	answer, _ := asked(t, apiphant.Proc(func(context.Context, apiphant.Object) error { return errors.Join(many...) }), "")
	if n := strings.Count(answer, "missing"); n != 101 {
		t.Errorf("of 150 fields, got %d", n)
	}
}

type broken struct{ N int }

func (b broken) Validate() error {
	switch b.N {
	case 0:
		return nil
	case 1:
		return errors.New("cause one")
	case 2:
		return fmt.Errorf("wrapped: %w", errors.Join(validation.Missing("x"), validation.Invalid("y")))
	default:
		return errors.New("cause two")
	}
}

// counted counts how often its Validate runs.
type counted struct {
	Seen *int `json:"-"`
	N    int
}

func (c *counted) Validate() error {
	if c.N > 0 {
		return fmt.Errorf("called %d", c.N)
	}
	return nil
}

type promoting struct{ counted }

type promotingTwice struct {
	promoting
	A, B broken
}

func TestErrorsOfValidate(t *testing.T) {
	type two struct{ A, B, C broken }
	answer, log := asked(t, apiphant.Proc(func(context.Context, two) error { return nil }), `{"A":{"N":1},"B":{"N":2},"C":{"N":3}}`)
	want := `400 {"error":{"field":"A","state":"invalid"},"errors":[{"field":"A","state":"invalid"},{"field":"B.x","state":"missing"},{"field":"B.y","state":"invalid"},{"field":"C","state":"invalid"}]}`
	if answer != want || !strings.Contains(log, "A: cause one") || !strings.Contains(log, "C: cause two") {
		t.Errorf("got  %s\nwant %s\nlog %s", answer, want, log)
	}
	answer, log = asked(t, apiphant.Proc(func(context.Context, promotingTwice) error { return nil }), `{"N":1}`)
	if answer != `400 {"error":"400 Bad Request"}` || strings.Count(log, "called 1") != 1 {
		t.Errorf("got %s\nlog %s", answer, log)
	}
}

// union is one of two.
type union struct {
	Circle *circle
	Square *square
}

type circle struct {
	Kind   string  `json:"kind"`
	Radius float64 `json:"radius" required:"true" exclusiveMinimum:"0"`
}

type square struct {
	Kind  string `json:"kind"`
	Sides []int  `json:"sides" minItems:"4" minimum:"1"`
}

func (u *union) UnmarshalJSON(raw []byte) (err error) {
	var kind struct{ Kind string }
	if err := json.Unmarshal(raw, &kind); err != nil {
		return err
	}
	if kind.Kind != "circle" {
		u.Square = new(square)
		*u.Square, err = validation.Decode[square](raw)
		return err
	}
	u.Circle = new(circle)
	*u.Circle, err = validation.Decode[circle](raw)
	return err
}

func TestUnion(t *testing.T) {
	type shapes struct {
		Shapes []union `json:"shapes" required:"true"`
	}
	for body, want := range map[string]string{
		`{"shapes":[{"kind":"circle","radius":1},{"kind":"square","sides":[1,1,1,1]}]}`: `200 {}`,
		`{"shapes":[{"kind":"circle","radius":0},{"sides":[0,1,1,1]},{"kind":1}]}`: `400 {"error":{"field":"shapes[0].radius","state":"invalid","explain":{"exclusiveMinimum":0}},"errors":[{"field":"shapes[0].radius","state":"invalid","explain":{"exclusiveMinimum":0}},` +
			`{"field":"shapes[1].sides[0]","state":"invalid","explain":{"minimum":1}},{"field":"shapes[2]","state":"invalid"}]}`,
		`{"shapes":[{"kind":"circle"}]}`: `400 {"error":{"field":"shapes[0].radius","state":"missing"}}`,
	} {
		if answer, log := asked(t, apiphant.Proc(func(context.Context, shapes) error { return nil }), body); answer != want || log != "" {
			t.Errorf("got  %s\nwant %s\nlog %s", answer, want, log)
		}
	}
}

// Why a body is no JSON is in the log, and not in the answer.
func TestBrokenBodies(t *testing.T) {
	for body, want := range map[string]string{
		`{"a":secret}`:       "the body at offset 5: a value was expected",
		"\xef\xbb\xbf{}":     "the body at offset 0: it begins with a byte order mark",
		"\xff\xfe{\x00}\x00": "the body at offset 0: it is UTF-16",
		`["secret"]`:         "the body at offset 0: another JSON value, where an object was expected",
		`{"a":1,}`:           "the body at offset 7: there is a comma with nothing after it",
	} {
		for name, action := range map[string]apiphant.Action{
			"an Object": apiphant.Proc(func(context.Context, apiphant.Object) error { return nil }),
			"typed":     apiphant.Proc(func(context.Context, circle) error { return nil }),
		} {
			answer, log := asked(t, action, body)
			if answer != `400 {"error":"Request content should be JSON Object"}` || !strings.Contains(log, want) || strings.Contains(log, "secret") || strings.Count(log, "\n") != 1 {
				t.Errorf("%q to %s: got %s\nlog %s\nwant %s", body, name, answer, log, want)
			}
		}
	}
}

func TestRefusedAtStart(t *testing.T) {
	type Own struct {
		own
		N int `json:"n" required:"true"`
	}
	answer, _ := asked(t, apiphant.Proc(func(context.Context, Own) error { return nil }), "")
	for _, want := range []string{"fielderror_test.go:", "N: tag required: apiphant_test.Own has the UnmarshalJSON of the embedded apiphant_test.own", "type Fields apiphant_test.own"} {
		if !strings.Contains(answer, want) {
			t.Errorf("got %s, want %s in it", answer, want)
		}
	}
}

type own struct{ ID int }

func (*own) UnmarshalJSON([]byte) error { return nil }
