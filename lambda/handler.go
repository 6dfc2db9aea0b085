package lambda

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/engine"
	"github.com/apiphant/apiphant/internal/safely"
)

// The defaults of a [Handler].
const (
	DefaultMaxBody     = 1 << 20 // 1 MiB
	DefaultMargin      = 500 * time.Millisecond
	DefaultConcurrency = 10
)

// Handler answers the events of a Lambda function. It is a lambda.Handler of
// aws-lambda-go. A product needs those fields that it has functions for. They must not
// change once events come.
type Handler struct {
	// API answers the requests of gateways. nil: they are an error.
	API *apiphant.API

	// Message takes a message of a queue; File a file of a bucket, which was made or
	// removed; Event any other event, whose response becomes the function's. nil: such
	// events are an error.
	Message func(ctx context.Context, message Message) error
	File    func(ctx context.Context, file File) error
	Event   func(ctx context.Context, event Event) (any, error)

	// Job makes one attempt of a job that package background/sqs has sent to a queue,
	// and logs its failure; after an error SQS brings the job again. It is the method
	// Attempt of a Worker of package background/worker. nil: such messages fail.
	Job func(ctx context.Context, name string, attempt engine.Attempt) error

	// Tasks are run by the schedules of EventBridge: one whose rule has the name of a
	// task, or whose input is {"task": NAME}.
	Tasks []background.Task

	// OnError is called for each run of a task that failed, as a worker calls it. An
	// error of its own is logged. nil: nothing is called.
	OnError func(ctx context.Context, failure background.Failure) error

	// MaxBody bounds the body of a JSON request, in bytes; 0: DefaultMaxBody. An
	// action's own bound comes before it. Lambda takes 6 MB at most.
	MaxBody int64

	// Margin is how long before Lambda ends the function the context of a call ends,
	// so that there is time for an answer. 0: DefaultMargin; negative: none.
	Margin time.Duration

	// AccessLog is called once for each request, when it has been answered; nil: never.
	// It may be called by several goroutines at the same time, and must not keep the
	// Access.
	AccessLog func(*Access)

	// Concurrency is how many messages of a queue are worked on at the same time. 0:
	// DefaultConcurrency.
	Concurrency int
}

// Invoke answers one event. An error is Lambda's to report: a gateway then answers 502,
// and queues and buckets send the event again.
func (h *Handler) Invoke(ctx context.Context, payload []byte) (answer []byte, err error) {
	ctx, cancel := h.context(ctx)
	defer cancel()
	err = guard(ctx, func() error { answer, err = h.answer(ctx, payload); return err })
	return answer, err
}

// guard calls f. A fault of this package must not end the instance: it is an error.
func guard(ctx context.Context, f func() error) (err error) {
	returned := false
	defer func() {
		if !returned {
			err = safely.Recovered(recover())
			apiphant.Log(ctx).Error("An event ended with " + safely.WithStack(err).Error())
		}
	}()
	err = f()
	returned = true
	return err
}

func (h *Handler) answer(ctx context.Context, payload []byte) ([]byte, error) {
	event, kind, err := parse(payload)
	if err != nil {
		return nil, err
	}
	switch kind {
	case warmUp:
		return []byte("null"), nil
	case gateway1, gateway2, balancer, balancerMulti:
		if h.API == nil {
			return nil, noFunction(kind, "an API: a function Create, Read, Update or Delete in api/vN/TARGET")
		}
		return h.serve(ctx, event, kind)
	case queueMessages:
		if h.Message == nil && h.Job == nil {
			return nil, noFunction(kind, "a function Message in api/events")
		}
		return h.messages(ctx, *event.Records)
	case bucketFiles:
		if h.File == nil {
			return nil, noFunction(kind, "a function File in api/events")
		}
		return nil, h.files(ctx, *event.Records)
	case scheduledTask:
		if task := h.task(event); task != nil {
			return []byte("null"), h.run(ctx, task)
		}
	}
	return h.other(ctx, event, kind, payload)
}

// noFunction returns the error for an event that the product has no function for.
func noFunction(k kind, want string) error {
	return fmt.Errorf("lambda: an event of %s came, and the product does not have %s", k, want)
}

// context returns the parent of a call's context: it ends before Lambda ends the
// function, and its log has the ids of the call.
func (h *Handler) context(ctx context.Context) (context.Context, context.CancelFunc) {
	if known, ok := lambdacontext.FromContext(ctx); ok && known.AwsRequestID != "" {
		log := apiphant.Log(ctx).With(slog.String("aws_request_id", known.AwsRequestID))
		if trace := TraceID(ctx); trace != "" {
			log = log.With(slog.String("aws_trace_id", trace))
		}
		ctx = apiphant.WithLog(ctx, log)
	}
	deadline, ok := ctx.Deadline()
	if margin := max(cmp.Or(h.Margin, DefaultMargin), 0); ok && margin > 0 {
		return context.WithDeadlineCause(ctx, deadline.Add(-margin), errDeadline)
	}
	return ctx, func() {}
}

// errDeadline is the cause of the end of a call's context.
var errDeadline = errors.New("the function is about to be ended by Lambda")

// TraceID returns the value of Lambda's trace header, X-Amzn-Trace-Id, or "".
func TraceID(ctx context.Context) string {
	id, _ := ctx.Value("x-amzn-trace-id").(string) // aws-lambda-go puts it there
	return id
}

// serve answers a request of a gateway.
func (h *Handler) serve(ctx context.Context, event *event, k kind) ([]byte, error) {
	x, ctx, err := h.exchange(ctx, event, k)
	if err != nil {
		return nil, err
	}
	if err := h.call(ctx, x); err != nil {
		return nil, err
	}
	answer := &x.answer
	var encoded []byte
	if !x.aborted && !x.answer.tooLarge {
		encoded = x.answer.encode(k)
		x.answer.tooLarge = len(encoded) > maxAnswer
	}
	if x.aborted || x.answer.tooLarge {
		answer = h.noAnswer(ctx, x)
		encoded = answer.encode(k)
	}
	h.logAccess(x, answer.status, int64(len(answer.body)))
	return encoded, nil
}

// call lets the API answer. It does so in a goroutine of its own, which is all that a
// function ends that calls runtime.Goexit.
func (h *Handler) call(ctx context.Context, x *exchange) error {
	err := safely.Run(func() error { h.API.Serve(ctx, x.match, x); return nil })
	x.finish()
	if errors.Is(err, safely.ErrExited) {
		return nil // the API has answered
	}
	return err
}

// exchange returns a request of a gateway with what is to answer it, and the context for
// that.
func (h *Handler) exchange(ctx context.Context, event *event, k kind) (*exchange, context.Context, error) {
	r, err := event.request(k)
	if err != nil {
		return nil, ctx, err
	}
	if event.Context != nil && len(event.Context.Authorizer) > 0 {
		ctx = context.WithValue(ctx, authorizerKey{}, []byte(event.Context.Authorizer))
	}
	match := h.API.Find([]byte(r.method), []byte(r.target))
	return newExchange(r, match, h.limit(match.Endpoint)), ctx, nil
}

// noAnswer returns the answer in place of one that is not whole, or too large.
func (h *Handler) noAnswer(ctx context.Context, x *exchange) *answer {
	if x.answer.tooLarge {
		apiphant.Log(ctx).Error("The answer to " + x.match.Endpoint.Path() + ": " + errTooLarge.Error())
	}
	return &answer{status: http.StatusBadGateway, header: http.Header{"Content-Type": applicationJSON}, body: []byte(`{"error":"502 Bad Gateway"}`)}
}

// limit is what the body of a request may have, in bytes.
func (h *Handler) limit(endpoint *apiphant.Endpoint) int64 {
	switch {
	case endpoint != nil && (endpoint.RawRequest || endpoint.Files):
		return cmp.Or(endpoint.MaxBody, maxAnswer)
	case endpoint != nil:
		return cmp.Or(endpoint.MaxBody, h.MaxBody, DefaultMaxBody)
	}
	return cmp.Or(h.MaxBody, DefaultMaxBody)
}
