// Package lambda calls the functions of a product from AWS Lambda: it is the door for
// API Gateway, function URLs and load balancers, and gives queues, buckets and schedules
// functions of their own.
//
//	lambda.Start(&lambda.Handler{API: routes()}) // of aws-lambda-go
//
// What kind an event is, its shape says: nothing is configured. A request of a gateway
// is answered as package server answers it, in the form that the gateway wants. An event
// that the product has no function for is an error that says so.
package lambda
