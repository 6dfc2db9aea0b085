package rule

import (
	"maps"
	"slices"
	"strings"
)

// short are the names that rules have in other libraries.
var short = map[string]string{
	"min": "minimum", "max": "maximum", "minlen": "minLength", "maxlen": "maxLength",
	"exclusivemin": "exclusiveMinimum", "exclusivemax": "exclusiveMaximum",
}

// meant returns the rule that a key of a tag seems to be a misspelling of, or "". Other
// libraries may have any keys, so that a key is only taken for a misspelt rule if it
// is very similar: if it differs only in letter case, _ and -, or by one slip from a
// rule of 5 to 7 letters, or by up to two from a longer one. Too many keys are similar
// to a shorter rule.
func meant(key string) string {
	key = plainKey(key)
	if word, ok := short[key]; ok {
		return word
	}
	best, least := "", 3
	for _, word := range slices.Sorted(maps.Keys(words)) {
		allowed := 0
		switch n := len(word); {
		case n > 7:
			allowed = 2
		case n >= 5:
			allowed = 1
		}
		if n := slips(key, plainKey(word)); n <= allowed && n < least {
			best, least = word, n
		}
	}
	return best
}

// plainKey returns a key in lower case and without _ and -, which people use in
// different ways.
func plainKey(key string) string {
	return strings.ReplaceAll(strings.ReplaceAll(strings.ToLower(key), "_", ""), "-", "")
}

// slips returns how many letters must be left out, added, replaced or swapped with
// their neighbour to turn a into b, with no letter edited twice (the optimal string
// alignment distance of Damerau and Levenshtein).
func slips(a, b string) int {
	x, y := []rune(a), []rune(b)
	before, last := make([]int, len(y)+1), make([]int, len(y)+1) // rows of the table
	for j := range last {
		last[j] = j
	}
	for i := range x {
		row := make([]int, len(y)+1)
		row[0] = i + 1
		for j := range y {
			replaced := last[j]
			if x[i] != y[j] {
				replaced++
			}
			row[j+1] = min(replaced, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(y)]
}
