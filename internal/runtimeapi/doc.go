// Package runtimeapi asks AWS Lambda for events, one after the other, and answers them.
//
// aws-lambda-go does the same by net/http's client, whose goroutines and pool take more
// processor time than a small event does. Here it is one connection, and one goroutine.
//
// See https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html.
package runtimeapi
