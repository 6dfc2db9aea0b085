package lambdahttp

// Transport sends requests to Lambda functions.
type Transport struct {
	Region   string // of the functions; "": AWS's settings name it, or else us-east-1
	Endpoint string // the URL of another Lambda than AWS's; "": AWS's settings name it
}
