package lambdahttp

import (
	"errors"
	"fmt"
	"net"
)

// Codes of an [Error], as AWS has them, in which the function has not run.
const (
	NotFound     = "ResourceNotFoundException" // no such function, alias or version
	AccessDenied = "AccessDeniedException"     // the caller may not invoke it
	Throttled    = "TooManyRequestsException"  // too many calls run already
	TooLarge     = "RequestTooLargeException"  // an event has 6 MiB at most
)

// Error is what Lambda says where it does not invoke a function, or does not tell what
// became of it. [errors.As] finds it in what an [http.Client] returns.
type Error struct {
	Function string // as AWS writes it: "shop:prod"
	Region   string
	Code     string // NotFound and the others, or what else AWS says
	Message  string // AWS's
	Err      error  // of AWS's SDK, with its own types; may be nil

	refused bool // Lambda has refused the request: the function has not run
}

// Error says what to do.
func (e *Error) Error() string {
	switch e.Code {
	case NotFound:
		return fmt.Sprintf("lambdahttp: there is no function %s in %s: check its name, its alias and the region, which AWS_REGION sets (%s)", e.Function, e.Region, e.Message)
	case AccessDenied:
		return fmt.Sprintf("lambdahttp: the function %s in %s may not be invoked with these credentials: allow them the action lambda:InvokeFunction (%s)", e.Function, e.Region, e.Message)
	case Throttled:
		return fmt.Sprintf("lambdahttp: the function %s in %s has not run, since too many calls run already: ask again in a moment, or raise its concurrency (%s)", e.Function, e.Region, e.Message)
	case TooLarge:
		return "lambdahttp: the request is too large for Lambda: " + e.Message
	case "UnrecognizedClientException", "InvalidSignatureException", "ExpiredTokenException", "InvalidClientTokenId":
		return fmt.Sprintf("lambdahttp: AWS does not take the credentials: they have expired, or belong elsewhere; sign in again, or check AWS_PROFILE (%s: %s)", e.Code, e.Message)
	}
	if e.refused {
		return fmt.Sprintf("lambdahttp: Lambda does not invoke the function %s in %s (%s: %s)", e.Function, e.Region, e.Code, e.Message)
	}
	return fmt.Sprintf("lambdahttp: Lambda has not said what became of the function %s in %s, which may have run (%s: %s)", e.Function, e.Region, e.Code, e.Message)
}

// Unwrap returns the SDK's error.
func (e *Error) Unwrap() error { return e.Err }

func tooLarge(size string) error {
	return &Error{Code: TooLarge, Message: fmt.Sprintf("its event may have %d bytes, and is %s; put what is large into a bucket, and send its name", maxPayload, size)}
}

// failure returns the error of a call to Lambda, in words that tell what to do.
func (c *client) failure(f function, region string, err error) error {
	var said interface {
		ErrorCode() string
		ErrorMessage() string
	}
	var answered interface{ HTTPStatusCode() int }
	var network *net.OpError
	switch {
	case errors.Is(err, errNoCredentials):
		return err
	case errors.Is(err, errAnswer):
		return fmt.Errorf("lambdahttp: the function %s: %w", f, errAnswer)
	case errors.As(err, &said):
		refused := errors.As(err, &answered) && answered.HTTPStatusCode()/100 == 4
		return &Error{Function: f.String(), Region: region, Code: code(said.ErrorCode()), Message: said.ErrorMessage(), Err: err, refused: refused}
	case errors.As(err, &network) && network.Op == "dial":
		return fmt.Errorf("lambdahttp: Lambda can't be reached, and the function %s was not asked: %w", f, err)
	}
	return fmt.Errorf("lambdahttp: the function %s may have run, and its answer did not come: %w", f, err)
}

// code returns one code for those that mean the same.
func code(said string) string {
	switch said {
	case "AccessDenied":
		return AccessDenied
	case "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException", "RequestLimitExceeded":
		return Throttled
	case "RequestEntityTooLargeException":
		return TooLarge
	}
	return said
}
