// Package lambdahttp asks AWS Lambda functions by HTTP, without a gateway before them.
//
//	client := lambdahttp.Client()
//	response, err := client.Get("http+lambda://shop/orders?state=open")
//
// The function "shop" is invoked with the event that a REST API of API Gateway would hand
// to it (payload 1.0), and its answer becomes the response. Products of apiphant, Zappa,
// Mangum and all others that are written for API Gateway understand it. Who may ask, IAM
// decides: the caller needs lambda:InvokeFunction, and nothing is public.
//
// # URLs
//
// The host is the function. An alias or a version stands before it, as a subdomain does,
// since net/url takes no colon that has letters behind it:
//
//	http+lambda://shop/orders         shop
//	http+lambda://prod.shop/orders    shop:prod, an alias
//	http+lambda://3.shop/orders       shop:3, a version
//	http+lambda://$LATEST.shop/       shop:$LATEST
//
// An ARN has dots in place of its colons, and is asked in its own region. [URL] writes all
// of them. The scheme is not in a transport that net/http clones: Register it again.
//
// # Settings
//
// Credentials and the region are found as AWS's command line finds them: in the
// environment, in ~/.aws, from the role of a machine, a container or a function.
// [Transport] has fields for another region and another Lambda, such as the one that
// `apiphant lambda` runs on this machine. To add functions to a transport of one's own:
//
//	own := http.DefaultTransport.(*http.Transport).Clone()
//	(&lambdahttp.Transport{Region: "eu-central-1"}).Register(own)
//
// # Requests
//
// Every method, query, header and body goes through; a body that is no UTF-8 as base64.
// The event with its body has 6 MiB at most. The host that the function sees is the one
// of the URL, or the Host of the request; X-Forwarded-Proto is https where the request
// has none, since frameworks send those away who don't come by it; the address of the
// client is 127.0.0.1, there being none. Cookies go through as headers. The jar of
// net/http/cookiejar is for http and https alone.
//
// # Answers and errors
//
// A function that fails, or answers nothing that a gateway takes, is a 502 whose text says
// why, with X-Amz-Function-Error where it has failed. Where Lambda has not asked the
// function there is an error, as there is where a server can't be reached:
//
//	var failure *lambdahttp.Error
//	if errors.As(err, &failure) && failure.Code == lambdahttp.Throttled {
//		// it has not run: ask again in a moment
//	}
//
// A request is sent once. What may have run is not repeated, and so a caller that knows
// its requests to be harmless repeats them. When the context ends the call ends at once;
// the function runs on to its own time-out.
package lambdahttp
