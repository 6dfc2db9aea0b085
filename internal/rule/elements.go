package rule

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// items reads rules for the elements of a list, or the values of a map: words of JSON
// Schema, each with = and what it says, and commas between them. A comma ends what a
// word says only where another word and = follow, so that it may have commas:
//
//	items:"minLength=1,maxLength=20"
//	items:"pattern=^[a-z]{1,3}$,minLength=1"
//	items:"maxItems=3,items.maxLength=20"     // of a list of lists: of the texts in them
func (p *parser) items(value string) error {
	elements, err := p.ofElements()
	if err != nil {
		return err
	}
	if value == "" {
		return errors.New("rules were expected, such as minLength=1,maxLength=20")
	}
	for value != "" {
		key, rest, _ := strings.Cut(value, "=")
		key = strings.TrimSpace(key)
		if !isItemsWord(key) {
			if word := meant(key); word != "" {
				return fmt.Errorf("%q is no rule for elements; did you mean %s?", key, word)
			}
			return fmt.Errorf("%q is no rule for elements: words such as minLength were expected, each followed by =", key)
		}
		end := itemsEnd(rest)
		if err := elements.parse(key, rest[:end]); err != nil {
			return fmt.Errorf("%s=%s: %w", key, rest[:end], err)
		}
		value = strings.TrimPrefix(rest[end:], ",")
	}
	return nil
}

// itemsEnd returns where what a word says ends in text.
func itemsEnd(text string) int {
	for i := range len(text) {
		if text[i] != ',' {
			continue
		}
		if key, _, ok := strings.Cut(text[i+1:], "="); ok && isItemsWord(strings.TrimSpace(key)) {
			return i
		}
	}
	return len(text)
}

func isItemsWord(key string) bool {
	for {
		inner, ok := strings.CutPrefix(key, "items.")
		if !ok {
			break
		}
		key = inner
	}
	word, known := words[key]
	return known && !word.ofFields
}

// hasElements reports whether rules for scalars go for the elements of a value.
func (s *Schema) hasElements() bool { return s.Kind == List || s.Kind == Array || s.Kind == Map }

// target returns the schema of what pointers, Optionals and the like hold; of any other
// type, the schema itself.
func (s *Schema) target() *Schema {
	for s.Kind == Pointer || s.Kind == Optional {
		s = s.Elem
	}
	return s
}

// leaveAny reports whether the limits leave any value of the type, and of its elements.
func (p *parser) leaveAny() bool {
	return p.rules.leaveAny(p.of) && (p.elements == nil || p.elements.leaveAny())
}

func (r *Rules) leaveAny(of *Schema) bool {
	c, err := r.Compile()
	if err != nil || c.length != nil && c.length.least > c.length.most {
		return false
	}
	if c.bounds == nil {
		return true
	}
	if of.Kind != Integer {
		return c.bounds.LeaveDecimal()
	}
	zero, bits := reflect.Zero(of.Type), of.Type.Bits()
	if zero.CanInt() {
		most := int64(1)<<(bits-1) - 1
		c.bounds.AddMin(FromInt(-most-1), false)
		c.bounds.AddMax(FromInt(most), false)
		return c.bounds.LeaveInt()
	}
	c.bounds.AddMax(FromUint(1<<bits-1), false)
	return c.bounds.LeaveUint()
}
