package rule_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/apiphant/apiphant/internal/rule"
)

// Lengths are those in code points, however many bytes each has.
func TestTextLength(t *testing.T) {
	for _, char := range []string{"x", "é", "€", "😀", "x😀", "é€"} {
		for n := range 9 {
			text := strings.Repeat(char, n)
			for least := range 9 {
				for most := least; most < 9; most++ {
					c, err := (&rule.Rules{MinLength: &least, MaxLength: &most}).Compile()
					if err != nil {
						t.Fatal(err)
					}
					length := utf8.RuneCountInString(text)
					if got, want := c.Text(text), length >= least && length <= most; got != want {
						t.Errorf("%q from %d to %d: got %t", text, least, most, got)
					}
				}
			}
		}
	}
}
