// Package message is what is sent to every server, and the Go type of those that
// have one.
package message

import (
	"fmt"
	"strings"
)

// Server is the value of "server" that each of them adds.
const Server = "bench"

// Message is the type of all bodies: each has one of the first three fields.
type Message struct {
	Hello  string   `json:"hello,omitempty"`
	Order  *Order   `json:"order,omitempty"`
	Items  []Record `json:"items,omitempty"`
	Server string   `json:"server,omitempty"`
}

// Order is what is nested in the body of 1 KB.
type Order struct {
	ID       int64    `json:"id"`
	Customer Customer `json:"customer"`
	Lines    []Line   `json:"lines"`
	Notes    []string `json:"notes"`
	Paid     bool     `json:"paid"`
}

// Customer is who ordered.
type Customer struct {
	Name     string  `json:"name"`
	Email    string  `json:"email"`
	Billing  Address `json:"billing"`
	Shipping Address `json:"shipping"`
}

// Address is where a customer is.
type Address struct {
	Street  string `json:"street"`
	City    string `json:"city"`
	Zip     string `json:"zip"`
	Country string `json:"country"`
}

// Line is what was ordered.
type Line struct {
	Code  string  `json:"code"`
	Count int     `json:"count"`
	Price float64 `json:"price"`
	Title string  `json:"title"`
}

// Record is one of the list that the large bodies are.
type Record struct {
	ID      int64    `json:"id"`
	Name    string   `json:"name"`
	Email   string   `json:"email"`
	Active  bool     `json:"active"`
	Score   float64  `json:"score"`
	Tags    []string `json:"tags"`
	Address Address  `json:"address"`
	Counts  []int    `json:"counts"`
}

// Small is a body of 17 bytes.
func Small() string { return `{"hello":"world"}` }

// Nested is a body of 1 KB.
func Nested() string {
	address := `{"street":"1 Long Street","city":"Springfield","zip":"12345","country":"Nowhere"}`
	lines := make([]string, 6)
	for i := range lines {
		lines[i] = fmt.Sprintf(`{"code":"ABC-%03d","count":%d,"price":%d.25,"title":"A thing of the kind %d, in blue"}`, i, i+1, 10*i+9, i)
	}
	return fmt.Sprintf(`{"order":{"id":1234567,"customer":{"name":"Ann Example","email":"ann@example.com","billing":%s,"shipping":%s},`+
		`"lines":[%s],"notes":["leave it at the door","ring twice","no paper, please, and thank you"],"paid":true}}`,
		address, address, strings.Join(lines, ","))
}

// List is a body of as many records as fit into so many bytes.
func List(bytes int) string {
	const head, tail = `{"items":[`, `]}`
	var list strings.Builder
	list.WriteString(head)
	for i := 0; ; i++ {
		record := recordJSON(i)
		if i > 0 {
			record = "," + record
		}
		if list.Len()+len(record)+len(tail) > bytes && i > 0 {
			return list.String() + tail
		}
		list.WriteString(record)
	}
}

func recordJSON(i int) string {
	return fmt.Sprintf(`{"id":%d,"name":"Ann Example %d","email":"ann%d@example.com","active":true,"score":%d.25,`+
		`"tags":["red","green","a longer tag"],"address":{"street":"1 Long Street","city":"Springfield","zip":"12345","country":"Nowhere"},`+
		`"counts":[1,0,%d]}`, i, i, i, i, i)
}
