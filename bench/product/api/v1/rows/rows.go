// Package rows streams.
package rows

import (
	"iter"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/bench/message"
)

// Read returns small rows.
func Read(apiphant.Object) iter.Seq2[message.Row, error] {
	return func(yield func(message.Row, error) bool) {
		for i := range message.Rows {
			if !yield(message.RowOf(i), nil) {
				return
			}
		}
	}
}
