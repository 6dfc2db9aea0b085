// Package lambda is the door for AWS Lambda: a product's program that Lambda starts as
// the bootstrap of its runtime provided.al2023. apiphant package --lambda writes it:
//
//	program.Main(program.Product{
//		Name:  "shop",
//		API:   routes(),
//		Doors: []program.Door{serve.Door{}, lambda.Door{Message: api_events.Message}},
//	})
//
// Package [github.com/apiphant/apiphant/lambda] has what a function sees of an event.
package lambda
