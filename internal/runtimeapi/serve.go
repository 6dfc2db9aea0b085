package runtimeapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

// Serve hands the events of the runtime API at address, HOST:PORT with or without a path,
// to invoke. It returns an error when the runtime API no longer answers as it should, and
// nothing else ends it: the process must end then.
//
// The context of an event has Lambda's deadline, and what aws-lambda-go's lambdacontext
// and "x-amzn-trace-id" say of it. What is invoked must not panic. A payload is not used
// again.
func Serve(ctx context.Context, address string, invoke func(ctx context.Context, payload []byte) ([]byte, error)) error {
	to := newConnection(address)
	defer to.close()
	trace := ""
	for {
		header, payload, err := to.ask(http.MethodGet, "next", "", nil)
		if err != nil {
			return fmt.Errorf("the runtime API of Lambda gives no event: %w", err)
		}
		if next := header.Get("Lambda-Runtime-Trace-Id"); next != trace {
			trace = next
			os.Setenv("_X_AMZN_TRACE_ID", trace) // for AWS's X-Ray
		}
		answer, err := call(ctx, header, payload, invoke)
		kind, contentType := "/response", "application/json"
		if err != nil {
			kind, answer = "/error", failure(err)
			log.Printf("%s", answer)
		}
		if _, _, err = to.ask(http.MethodPost, header.Get("Lambda-Runtime-Aws-Request-Id")+kind, contentType, answer); err != nil {
			return fmt.Errorf("the runtime API of Lambda does not take an answer: %w", err)
		}
	}
}

// call hands an event on, with what its header says.
func call(ctx context.Context, header http.Header, payload []byte, invoke func(context.Context, []byte) ([]byte, error)) ([]byte, error) {
	about := lambdacontext.LambdaContext{
		AwsRequestID:       header.Get("Lambda-Runtime-Aws-Request-Id"),
		InvokedFunctionArn: header.Get("Lambda-Runtime-Invoked-Function-Arn"),
		TenantID:           header.Get("Lambda-Runtime-Aws-Tenant-Id"),
	}
	deadline, err := strconv.ParseInt(header.Get("Lambda-Runtime-Deadline-Ms"), 10, 64)
	if err == nil {
		err = errors.Join(
			unmarshal(header.Get("Lambda-Runtime-Client-Context"), &about.ClientContext),
			unmarshal(header.Get("Lambda-Runtime-Cognito-Identity"), &about.Identity))
	}
	if err != nil {
		return nil, fmt.Errorf("the header of the event is wrong: %w", err)
	}
	ctx, cancel := context.WithDeadline(ctx, time.UnixMilli(deadline))
	defer cancel()
	//lint:ignore SA1029 AWS's libraries look for this key
	ctx = context.WithValue(ctx, "x-amzn-trace-id", header.Get("Lambda-Runtime-Trace-Id"))
	return invoke(lambdacontext.NewContext(ctx, &about), payload)
}

func unmarshal(text string, to any) error {
	if text == "" {
		return nil
	}
	return json.Unmarshal([]byte(text), to)
}

// failure returns an error in the form that Lambda takes: that of aws-lambda-go as it is.
func failure(err error) []byte {
	var said messages.InvokeResponse_Error
	if !errors.As(err, &said) {
		said = messages.InvokeResponse_Error{Message: err.Error(), Type: "Runtime.Error"}
	}
	body, _ := json.Marshal(said) // texts and numbers only
	return body
}
