package lambda

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/engine"
	"github.com/apiphant/apiphant/internal/accesslog"
	"github.com/apiphant/apiphant/internal/command"
	"github.com/apiphant/apiphant/internal/logging"
	"github.com/apiphant/apiphant/lambda"
	"github.com/apiphant/apiphant/program"
)

// Door answers the events of AWS Lambda: requests with the product's API, schedules with
// its tasks, and others with the functions of its package api/events. It is the command
// lambda. Its fields are those functions; nil for one that the product has not.
type Door struct {
	Message func(ctx context.Context, message lambda.Message) error
	File    func(ctx context.Context, file lambda.File) error
	Event   func(ctx context.Context, event lambda.Event) (any, error)
}

// runtimeVariable is the environment variable in which Lambda says where events are to
// be had: HOST:PORT.
const runtimeVariable = "AWS_LAMBDA_RUNTIME_API"

// IsHosted implements [program.Hosted].
func (Door) IsHosted() bool { return os.Getenv(runtimeVariable) != "" }

// Command implements [program.Door].
func (d Door) Command(p program.Product) *cobra.Command {
	settings := &Settings{}
	answer := &cobra.Command{
		Use:   "lambda",
		Short: "Answer the events of AWS Lambda",
		Long: `Answer the events of AWS Lambda, which starts the program without a command: the zip
that apiphant package --lambda writes has it as bootstrap, for the runtime
provided.al2023.

What kind an event is, its shape says. Requests of API Gateway, function URLs and load
balancers are answered by the API; a schedule runs the task that its rule is named after,
or that its input {"task": NAME} names; messages of SQS, files of S3 and all other events
go to the functions Message, File and Event in api/events.

The product's Start runs before the first event. Its error is reported to Lambda, is the
last line of the log, and ends the program with status 1. Where the product has a Stop,
Lambda is asked to say when it ends an instance; Stop then has 350 ms.

Settings are the function's environment variables, as the flags name them. The log is
JSON on standard error, which Lambda writes to CloudWatch.`,
		Example: "  APIPHANT_TIMEOUT=5s " + p.Name + ` lambda      # by Lambda; on this machine:
  apiphant lambda PATH 127.0.0.1:9001`,
		Args: command.Arguments(),
		PersistentPreRunE: func(running *cobra.Command, _ []string) error {
			return initError(running.Context(), command.FromEnvironment(running.Flags()))
		},
		RunE: func(running *cobra.Command, _ []string) error {
			if !d.IsHosted() {
				return command.UsageError{Err: errors.New(runtimeVariable + " is not set: Lambda sets it, and so does apiphant lambda PATH, which runs the program on this machine")}
			}
			if err := initError(running.Context(), settings.Check()); err != nil {
				return err
			}
			return d.run(running.Context(), p, settings, running.ErrOrStderr())
		},
	}
	settings.AddFlags(answer.Flags())
	return answer
}

// handler returns what answers the events.
func (d Door) handler(p program.Product, settings *Settings, log *logging.Log) *lambda.Handler {
	handler := &lambda.Handler{API: p.API, Message: d.Message, File: d.File, Event: d.Event,
		MaxBody: int64(settings.MaxBody), Concurrency: settings.Workers}
	if len(p.API.Routes()) == 0 {
		handler.API = nil // so that an event that asks says what is missing
	}
	if settings.AccessLog {
		lines := &accesslog.Log{To: log}
		handler.AccessLog = func(access *lambda.Access) { lines.Write((*accesslog.Entry)(access)) }
	}
	return handler
}

// backgroundDoor is the door that has what the product runs in the background.
type backgroundDoor interface {
	Product() *background.Product

	// Attempts returns what makes one attempt of a job. It is an error where the
	// definition of a task or job is wrong.
	Attempts(ctx context.Context) (func(ctx context.Context, name string, attempt engine.Attempt) error, error)
}

// addBackground lets the handler run what the product runs in the background, if it does.
func addBackground(ctx context.Context, handler *lambda.Handler, p program.Product) error {
	for _, door := range p.Doors {
		from, ok := door.(backgroundDoor)
		if !ok {
			continue
		}
		attempt, err := from.Attempts(ctx)
		if err != nil {
			return err
		}
		product := from.Product()
		if handler.OnError = product.OnError; product.Tasks != nil {
			handler.Tasks = product.Tasks()
		}
		if product.Jobs != nil {
			handler.Job = attempt
		}
	}
	return nil
}
