package rule

import (
	"maps"
	"slices"
	"strings"
)

// short are names that our words have elsewhere.
var short = map[string]string{
	"min": "minimum", "max": "maximum", "minlen": "minLength", "maxlen": "maxLength",
	"exclusivemin": "exclusiveMinimum", "exclusivemax": "exclusiveMaximum",
}

// meant is the word of ours that a key of a tag seems to stand for, or "". A key of
// another library may be anything, so that only what is very near a word is taken
// for it: what differs in letter case, _ and - alone, or has one slip in a word of 5
// to 7 letters, up to two in a longer one. A shorter word is near too many others.
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

// plainKey is a key without what people write in various ways.
func plainKey(key string) string {
	return strings.ReplaceAll(strings.ReplaceAll(strings.ToLower(key), "_", ""), "-", "")
}

// slips counts how many letters were left out, added, replaced or swapped with their
// neighbour between two texts (Damerau and Levenshtein's distance, no letter being
// edited twice).
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
