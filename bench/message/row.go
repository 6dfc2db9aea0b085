package message

import "fmt"

// Row is one of the Rows of a stream.
type Row struct {
	ID    int     `json:"id"`
	Name  string  `json:"name"`
	Price float64 `json:"price"`
}

// Rows is how many rows a stream has.
const Rows = 1000

// RowOf returns the row of a number.
func RowOf(i int) Row { return Row{ID: i, Name: "a thing, in blue", Price: float64(i) + 0.25} }

// RowsText is a whole stream.
func RowsText() (text string) {
	for i := range Rows {
		text += fmt.Sprintf(`{"id":%d,"name":"a thing, in blue","price":%d.25}`+"\n", i, i)
	}
	return text
}
