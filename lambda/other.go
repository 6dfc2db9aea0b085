package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/internal/encode"
	"github.com/apiphant/apiphant/internal/function"
	"github.com/apiphant/apiphant/internal/safely"
)

// Event is an event that is neither a request nor a message, a file or a task.
type Event struct {
	Source  string          // "aws.s3", "aws:sns"; "": the event does not say it
	Type    string          // its detail-type or eventName; "": the event does not say it
	Payload json.RawMessage // the whole event
}

// other gives an event to the product's function Event. The response of that is encoded
// as a response of an action is.
func (h *Handler) other(ctx context.Context, e *event, k kind, payload []byte) ([]byte, error) {
	event := Event{Source: text(e.Source), Type: text(e.DetailType), Payload: slices.Clone(payload)}
	if event.Source == "" {
		event.Source, event.Type = sourceOfRecord(e, event.Type)
	}
	switch {
	case h.Event != nil:
	case k == scheduledTask:
		return nil, fmt.Errorf("lambda: a schedule asks for the task %q, and the product has %s", e.taskName(), h.taskNames())
	case event.Source != "":
		return nil, fmt.Errorf("lambda: an event of %.100q came, of the type %.100q, and the product does not have a function Event in api/events", event.Source, event.Type)
	default:
		return nil, fmt.Errorf("lambda: an event came with the keys %s, which is none of API Gateway, a function URL, a load balancer, SQS, S3 or a schedule, and the product does not have a function Event in api/events", keysOf(payload))
	}
	var response any
	err := safely.Run(func() (err error) { response, err = h.Event(ctx, event); return err })
	if err != nil {
		apiphant.Log(ctx).Error("An event failed: "+safely.WithStack(err).Error(), "source", event.Source, "type", event.Type)
		return nil, err
	}
	return encode.Marshal(response)
}

// sourceOfRecord returns what the first record says that an event comes from.
func sourceOfRecord(e *event, kind string) (source, name string) {
	if e.Records == nil || len(*e.Records) == 0 {
		return "", kind
	}
	var from struct {
		EventSource string `json:"eventSource"` // of any letter case: SNS has EventSource
		EventName   string `json:"eventName"`
	}
	_ = json.Unmarshal((*e.Records)[0], &from) // what is not said stays empty
	return from.EventSource, from.EventName
}

// keysOf lists the keys of an event, for an error. There may be any number of them.
func keysOf(payload []byte) string {
	var object map[string]json.RawMessage
	_ = json.Unmarshal(payload, &object) // which was an object
	var names []string
	for name := range object {
		names = append(names, fmt.Sprintf("%.40q", name))
	}
	slices.Sort(names)
	if len(names) > 10 {
		names = append(names[:10], "…")
	}
	return strings.Join(names, ", ")
}

// taskName returns the name of the task that a schedule asks for.
func (e *event) taskName() string {
	if e.Task != nil {
		return *e.Task
	}
	if e.Resources == nil || len(*e.Resources) == 0 {
		return ""
	}
	rule := (*e.Resources)[0]
	return rule[strings.LastIndexByte(rule, '/')+1:]
}

// task returns the task that a schedule asks for, or nil.
func (h *Handler) task(e *event) *background.Task {
	for i := range h.Tasks {
		if nameOf(h.Tasks[i]) == e.taskName() {
			return &h.Tasks[i]
		}
	}
	return nil
}

func nameOf(task background.Task) string {
	if task.Name != "" {
		return task.Name
	}
	return function.Name(task.Run)
}

// taskNames lists the tasks, for an error.
func (h *Handler) taskNames() string {
	if len(h.Tasks) == 0 {
		return "no tasks"
	}
	var names []string
	for _, task := range h.Tasks {
		names = append(names, nameOf(task))
	}
	return "the tasks " + strings.Join(names, ", ")
}
