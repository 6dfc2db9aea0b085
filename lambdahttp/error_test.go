package lambdahttp_test

import (
	"errors"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/apiphant/apiphant/lambdahttp"
)

// TestError: what Lambda refuses is found by errors.As, says what to do, and was sent once.
func TestError(t *testing.T) {
	for _, test := range []struct {
		name string
		said outcome
		code string
		want string
	}{
		{"no function", outcome{status: 404, code: "ResourceNotFoundException", payload: `{"Message":"Function not found"}`}, lambdahttp.NotFound, "check its name, its alias and the region, which AWS_REGION sets (Function not found)"},
		{"no permission", outcome{status: 403, code: "AccessDeniedException", payload: `{"Message":"not authorized"}`}, lambdahttp.AccessDenied, "allow them the action lambda:InvokeFunction (not authorized)"},
		{"no permission, by another name", outcome{status: 403, code: "AccessDenied", payload: `{"Message":"not authorized"}`}, lambdahttp.AccessDenied, "lambda:InvokeFunction"},
		{"too many", outcome{status: 429, code: "TooManyRequestsException", payload: `{"Message":"Rate Exceeded.","Reason":"ReservedFunctionConcurrentInvocationLimitExceeded"}`}, lambdahttp.Throttled, "ask again in a moment"},
		{"too many, by another name", outcome{status: 400, code: "ThrottlingException", payload: `{"message":"Rate exceeded"}`}, lambdahttp.Throttled, "ask again in a moment"},
		{"too large", outcome{status: 413, code: "RequestTooLargeException", payload: `{"Message":"6291456"}`}, lambdahttp.TooLarge, "too large"},
		{"foreign credentials", outcome{status: 403, code: "UnrecognizedClientException", payload: `{"message":"The security token included in the request is invalid."}`}, "UnrecognizedClientException", "check AWS_PROFILE"},
		{"a wrong event", outcome{status: 400, code: "InvalidRequestContentException", payload: `{"Message":"no JSON"}`}, "InvalidRequestContentException", "Lambda does not invoke the function shop:prod in us-east-1 (InvalidRequestContentException: no JSON)"},
		{"Lambda's own fault", outcome{status: 500, code: "ServiceException", payload: `{"Message":"internal"}`}, "ServiceException", "which may have run"},
		{"no code", outcome{status: 503, payload: `{}`}, "UnknownError", "which may have run"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var asked atomic.Int32
			_, err := clientOf(serve(t, func(invocation) outcome {
				asked.Add(1)
				return test.said
			})).Get("http+lambda://prod.shop/")
			var failure *lambdahttp.Error
			if !errors.As(err, &failure) || failure.Code != test.code || failure.Function != "shop:prod" || failure.Region != "us-east-1" || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v (%#v), want %s with %q", err, failure, test.code, test.want)
			}
			if asked.Load() != 1 {
				t.Errorf("it was sent %d times", asked.Load())
			}
		})
	}
}

// TestErrorOfSDK: who knows the SDK finds its types.
func TestErrorOfSDK(t *testing.T) {
	_, err := answering(t, outcome{status: 429, code: "TooManyRequestsException", payload: `{"Reason":"CallerRateLimitExceeded"}`}).Get("http+lambda://shop/")
	var throttled *types.TooManyRequestsException
	if !errors.As(err, &throttled) || throttled.Reason != types.ThrottleReasonCallerRateLimitExceeded {
		t.Errorf("the error is %v", err)
	}
}

// TestCutConnection: a function whose answer does not come may have run, and is not asked again.
func TestCutConnection(t *testing.T) {
	var asked atomic.Int32
	_, err := clientOf(serve(t, func(call invocation) outcome {
		asked.Add(1)
		panic(http.ErrAbortHandler)
	})).Get("http+lambda://shop/")
	if err == nil || !strings.Contains(err.Error(), "may have run, and its answer did not come") || asked.Load() != 1 {
		t.Errorf("sent %d times, the error is %v", asked.Load(), err)
	}
}

func TestRefusedConnection(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	_, err = clientOf("http://" + ln.Addr().String()).Get("http+lambda://shop/")
	if err == nil || !strings.Contains(err.Error(), "Lambda can't be reached, and the function shop was not asked") {
		t.Errorf("the error is %v", err)
	}
}

func TestWrongEndpoint(t *testing.T) {
	for _, endpoint := range []string{"127.0.0.1:9001", "lambda", "ftp://a"} {
		if _, err := clientOf(endpoint).Get("http+lambda://shop/"); err == nil || !strings.Contains(err.Error(), "want a URL such as http://127.0.0.1:9001") {
			t.Errorf("endpoint %q: the error is %v", endpoint, err)
		}
	}
}
