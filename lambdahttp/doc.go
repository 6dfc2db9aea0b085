// Package lambdahttp asks AWS Lambda functions by HTTP without a gateway before them.
package lambdahttp
