package jsongen

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Named types, without methods and with methods on each kind of receiver.
type (
	Text   string
	Number float64
	Byte   uint8
	List   []int
	Map    map[string]int
	Empty  struct{}

	Object struct {
		ID   int    `json:"id"`
		Name string `json:"name,omitempty"`
		Any  any
	}

	// Inner shares field names with Object and with random structs.
	Inner struct {
		Inner string `json:"inner"`
		Same  int    `json:"same"`
		Name  *int   `json:"name"`
	}

	// Embeds has embedded fields that hide each other.
	Embeds struct {
		Object
		*Inner
		X float64 `json:"x"`
	}

	// Tree contains itself.
	Tree struct {
		Left, Right *Tree
		Children    []Tree          `json:",omitempty"`
		Named       map[string]Tree `json:"named,omitempty"`
		Leaf        any             `json:"leaf,omitzero"`
	}

	// Color is a struct with text methods.
	Color struct{ name string }

	// Level is an integer with text methods.
	Level int

	// Code is a string with JSON methods.
	Code string

	// Word is a string with text methods, all on the pointer.
	Word string

	// Point is a struct with JSON methods, all on the pointer.
	Point struct{ x, y int }

	// Octet is a byte with text methods.
	Octet uint8

	// Bag is a map with JSON methods.
	Bag map[string]int

	// Either has JSON and text methods.
	Either struct{ text string }

	// Wrapped has the methods of the embedded Color.
	Wrapped struct {
		Color
		N int
	}
)

var errRefused = errors.New("refused")

// UnmarshalText returns an error for "refused".
func (c *Color) UnmarshalText(text []byte) error {
	if c.name = string(text); c.name == "refused" {
		return errRefused
	}
	return nil
}

// MarshalText returns an error for "refused".
func (c Color) MarshalText() ([]byte, error) {
	if c.name == "refused" {
		return nil, errRefused
	}
	return []byte(c.name), nil
}

// String makes Color a fmt.Stringer, which JSON ignores.
func (c Color) String() string { return "color" }

// UnmarshalText reads "level N".
func (l *Level) UnmarshalText(text []byte) error {
	rest, ok := strings.CutPrefix(string(text), "level ")
	n, err := strconv.Atoi(rest)
	if *l = Level(n); !ok {
		return errRefused
	}
	return err
}

// MarshalText writes "level N".
func (l Level) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "level %d", int(l)), nil }

// UnmarshalJSON accepts any value and keeps its text.
func (c *Code) UnmarshalJSON(text []byte) error {
	*c = Code(text)
	return nil
}

// MarshalJSON returns the text unchanged, which may not be JSON.
func (c Code) MarshalJSON() ([]byte, error) { return []byte(c), nil }

// UnmarshalText accepts any text.
func (w *Word) UnmarshalText(text []byte) error {
	*w = Word(strings.ToUpper(string(text)))
	return nil
}

// MarshalText has a pointer receiver: encoding/json calls it only on addressable values.
func (w *Word) MarshalText() ([]byte, error) { return []byte(strings.ToLower(string(*w))), nil }

// UnmarshalJSON reads [x,y].
func (p *Point) UnmarshalJSON(text []byte) error {
	var pair []int
	if err := json.Unmarshal(text, &pair); err != nil || len(pair) != 2 {
		return errRefused
	}
	p.x, p.y = pair[0], pair[1]
	return nil
}

// MarshalJSON writes [x,y] with white space, which encoding/json removes.
func (p *Point) MarshalJSON() ([]byte, error) { return fmt.Appendf(nil, "[ %d,\n%d ]", p.x, p.y), nil }

// UnmarshalText reads a decimal.
func (o *Octet) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(string(text), 10, 8)
	*o = Octet(n)
	return err
}

// MarshalText writes a decimal.
func (o Octet) MarshalText() ([]byte, error) { return strconv.AppendUint(nil, uint64(o), 10), nil }

// UnmarshalJSON counts the bytes.
func (b *Bag) UnmarshalJSON(text []byte) error {
	*b = Bag{"bytes": len(text)}
	return nil
}

// MarshalJSON writes characters that encoding/json escapes for HTML by default.
func (b Bag) MarshalJSON() ([]byte, error) {
	if b == nil {
		return nil, errRefused
	}
	return fmt.Appendf(nil, `{"bag<&>`+"\u2028"+`": %d }`, len(b)), nil
}

// UnmarshalJSON is preferred to UnmarshalText, for keys too.
func (e *Either) UnmarshalJSON(text []byte) error {
	var unquoted string
	if json.Unmarshal(text, &unquoted) != nil {
		unquoted = string(text)
	}
	e.text = "json " + unquoted
	return nil
}

// UnmarshalText allows Either as a map key.
func (e *Either) UnmarshalText(text []byte) error {
	e.text = "text " + string(text)
	return nil
}

// MarshalJSON is preferred to MarshalText.
func (e Either) MarshalJSON() ([]byte, error) { return json.Marshal(e.text) }

// MarshalText is used for map keys.
func (e Either) MarshalText() ([]byte, error) { return []byte("key " + e.text), nil }

// NewEither returns an Either with the given text.
func NewEither(text string) Either { return Either{text} }

// Error makes Either an error, which JSON ignores.
func (e Either) Error() string { return "either" }
