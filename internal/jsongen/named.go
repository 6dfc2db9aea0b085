package jsongen

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Types with names: some are only that, some have methods, of each kind of receiver.
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

	// Inner has names in common with Object, and with what is made at random.
	Inner struct {
		Inner string `json:"inner"`
		Same  int    `json:"same"`
		Name  *int   `json:"name"`
	}

	// Embeds has fields that hide each other.
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

	// Color is text by its methods, and a struct otherwise.
	Color struct{ name string }

	// Level is text by its methods, and a number otherwise.
	Level int

	// Code is JSON by its methods, and text otherwise.
	Code string

	// Word is text by its methods, and text otherwise.
	Word string

	// Point is JSON by its methods, all of which have pointer receivers.
	Point struct{ x, y int }

	// Octet is text by its methods, and a byte otherwise.
	Octet uint8

	// Bag is JSON by its methods, and a map otherwise.
	Bag map[string]int

	// Either is JSON and text by its methods.
	Either struct{ text string }

	// Wrapped has its methods from what it embeds.
	Wrapped struct {
		Color
		N int
	}
)

var errRefused = errors.New("refused")

// UnmarshalText refuses "refused".
func (c *Color) UnmarshalText(text []byte) error {
	if c.name = string(text); c.name == "refused" {
		return errRefused
	}
	return nil
}

// MarshalText refuses what UnmarshalText does.
func (c Color) MarshalText() ([]byte, error) {
	if c.name == "refused" {
		return nil, errRefused
	}
	return []byte(c.name), nil
}

// String makes Color a fmt.Stringer, which JSON does not look at.
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

// UnmarshalJSON takes any value, and keeps its text.
func (c *Code) UnmarshalJSON(text []byte) error {
	*c = Code(text)
	return nil
}

// MarshalJSON writes the text as it is, which may be no JSON.
func (c Code) MarshalJSON() ([]byte, error) { return []byte(c), nil }

// UnmarshalText takes any text.
func (w *Word) UnmarshalText(text []byte) error {
	*w = Word(strings.ToUpper(string(text)))
	return nil
}

// MarshalText has a pointer receiver, so that it counts where a value has an address.
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

// MarshalJSON writes [x, y], with white space that is not to remain.
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

// MarshalJSON has characters that HTML would have escaped.
func (b Bag) MarshalJSON() ([]byte, error) {
	if b == nil {
		return nil, errRefused
	}
	return fmt.Appendf(nil, `{"bag<&>`+"\u2028"+`": %d }`, len(b)), nil
}

// UnmarshalJSON comes before UnmarshalText, for keys too.
func (e *Either) UnmarshalJSON(text []byte) error {
	var unquoted string
	if json.Unmarshal(text, &unquoted) != nil {
		unquoted = string(text)
	}
	e.text = "json " + unquoted
	return nil
}

// UnmarshalText makes Either a key.
func (e *Either) UnmarshalText(text []byte) error {
	e.text = "text " + string(text)
	return nil
}

// MarshalJSON comes before MarshalText.
func (e Either) MarshalJSON() ([]byte, error) { return json.Marshal(e.text) }

// MarshalText is for keys.
func (e Either) MarshalText() ([]byte, error) { return []byte("key " + e.text), nil }

// Error makes Either an error, which JSON does not look at.
func (e Either) Error() string { return "either" }
