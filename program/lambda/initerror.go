package lambda

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"

	"github.com/apiphant/apiphant/internal/command"
	"github.com/apiphant/apiphant/internal/safely"
)

const (
	reportTime = 2 * time.Second // for Lambda to take a report
	maxReport  = 16 << 10        // of an error's text, in bytes
	maxStack   = 64              // of a panic, in lines
)

// report is an error as Lambda's runtime API takes it. Who has invoked the function
// reads it, and the log of the function has it.
type report struct {
	Message string   `json:"errorMessage"`
	Type    string   `json:"errorType"`
	Stack   []string `json:"stackTrace"`
}

// initError returns err, which is why there can be no first event, and reports it to
// Lambda. nil is returned as it is, as is an error where Lambda has not started the
// process. A report that Lambda does not take is of no consequence: the process ends.
func initError(ctx context.Context, err error) error {
	host := os.Getenv(runtimeVariable)
	if err == nil || host == "" {
		return err
	}
	made := reportOf(err, initType(err))
	body, _ := json.Marshal(made) // texts only
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), reportTime)
	defer cancel()
	request, failed := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+host+"/2018-06-01/runtime/init/error", bytes.NewReader(body))
	if failed != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/vnd.aws.lambda.error+json")
	request.Header.Set("Lambda-Runtime-Function-Error-Type", made.Type)
	client := &http.Client{Transport: &http.Transport{}} // without a proxy, whatever the environment says
	if answer, failed := client.Do(request); failed == nil {
		answer.Body.Close()
	}
	return err
}

// startError is an error of the product's Start.
type startError struct{ error }

func (e startError) Unwrap() error { return e.error }

// initType returns what Lambda is to call an error before the first event.
func initType(err error) string {
	var panicked *safely.Panic
	var start startError
	var usage command.UsageError
	switch {
	case errors.As(err, &panicked):
		return "Product.StartPanicked"
	case errors.As(err, &start):
		return "Product.StartFailed"
	case errors.As(err, &usage):
		return "Product.SettingInvalid"
	}
	return "Product.InitFailed"
}

// eventError returns the error of an event in the form that is sent as it is.
func eventError(err error) error {
	if err == nil {
		return nil
	}
	kind := "Product.EventFailed"
	var panicked *safely.Panic
	if errors.As(err, &panicked) {
		kind = "Product.EventPanicked"
	}
	made := reportOf(err, kind)
	return messages.InvokeResponse_Error{Message: made.Message, Type: made.Type}
}

func reportOf(err error, kind string) report {
	made := report{Message: err.Error(), Type: kind, Stack: []string{}}
	if len(made.Message) > maxReport {
		made.Message = strings.ToValidUTF8(made.Message[:maxReport], "") + "…"
	}
	var panicked *safely.Panic
	if errors.As(err, &panicked) {
		made.Stack = strings.Split(panicked.Stack, "\n")
		made.Stack = made.Stack[:min(len(made.Stack), maxStack)]
	}
	return made
}
