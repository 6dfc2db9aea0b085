// Package stock sends what there is, row by row.
package stock

import (
	"context"
	"iter"
)

// Query says what is asked for.
type Query struct {
	AtLeast int `json:"atLeast" minimum:"0"`
}

// Item is a row.
type Item struct {
	Code  string `json:"code"`
	Count int    `json:"count"`
}

var items = []Item{{"ABC-1", 3}, {"ABC-2", 0}, {"XYZ-9", 2}}

// Read sends each item of which there are so many.
func Read(ctx context.Context, request Query) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		for _, item := range items { // or the rows of a database, by ctx
			if item.Count >= request.AtLeast && !yield(item, nil) {
				return
			}
		}
	}
}
