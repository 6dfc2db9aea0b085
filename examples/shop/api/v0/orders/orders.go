// Package orders takes orders: typed requests, whose tags say what is right.
package orders

import (
	"context"

	"github.com/apiphant/apiphant/examples/shop/api"
)

type Order struct {
	Email string `json:"email" required:"true" format:"email"`
	Lines []Line `json:"lines" required:"true" minItems:"1"`
}

type Line struct {
	Code  string `json:"code" required:"true" pattern:"^[A-Z]{3}-[0-9]+$"`
	Count int    `json:"count" minimum:"1" default:"1"`
}

type Receipt struct {
	Pieces int    `json:"pieces"`
	User   string `json:"user"`
}

func Create(ctx context.Context, order Order) (*Receipt, error) {
	receipt := &Receipt{User: api.User(ctx)}
	for _, line := range order.Lines {
		receipt.Pieces += line.Count
	}
	return receipt, nil
}
