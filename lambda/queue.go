package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/internal/encode"
	"github.com/apiphant/apiphant/internal/jobmessage"
	"github.com/apiphant/apiphant/internal/safely"
)

// Message is a message of an SQS queue.
type Message struct {
	ID         string
	Text       string            // what was sent; of an envelope of SNS or EventBridge, what is in it
	Queue      string            // the name of the queue
	Region     string            // "eu-central-1"
	Attributes map[string]string // what the sender added, as text; not nil
	System     map[string]string // what SQS adds: SentTimestamp, ApproximateReceiveCount …; not nil
	Group      string            // of a FIFO queue; "": the queue has none

	Topic  string // the ARN of the SNS topic that the message came by; "": none
	Source string // of EventBridge's envelope: "aws.s3"; "": none
	Type   string // of EventBridge's envelope: its detail-type; "": none
}

// record is a message as SQS sends it.
type record struct {
	MessageID  string            `json:"messageId"`
	Receipt    string            `json:"receiptHandle"`
	Body       string            `json:"body"`
	ARN        string            `json:"eventSourceARN"`
	Region     string            `json:"awsRegion"`
	System     map[string]string `json:"attributes"`
	Attributes map[string]struct {
		StringValue *string `json:"stringValue"`
		BinaryValue *string `json:"binaryValue"`
	} `json:"messageAttributes"`
}

func (r record) message() Message {
	m := Message{ID: r.MessageID, Text: r.Body, Queue: r.queue(), Region: r.Region,
		Attributes: r.attributes(), System: r.System, Group: r.System["MessageGroupId"]}
	if m.System == nil {
		m.System = map[string]string{}
	}
	m.open()
	return m
}

func (r record) queue() string { return r.ARN[strings.LastIndexByte(r.ARN, ':')+1:] }

// attributes returns what the sender added, as text.
func (r record) attributes() map[string]string {
	attributes := map[string]string{}
	for name, value := range r.Attributes {
		switch {
		case value.StringValue != nil:
			attributes[name] = *value.StringValue
		case value.BinaryValue != nil:
			attributes[name] = *value.BinaryValue
		}
	}
	return attributes
}

// open takes the message out of an envelope of SNS or EventBridge.
func (m *Message) open() {
	if !strings.HasPrefix(strings.TrimSpace(m.Text), "{") {
		return
	}
	var envelope struct {
		Type       string  `json:"Type"`
		TopicARN   string  `json:"TopicArn"`
		Message    *string `json:"Message"`
		Attributes map[string]struct {
			Value string `json:"Value"`
		} `json:"MessageAttributes"`

		ID         string          `json:"id"`
		DetailType string          `json:"detail-type"`
		Source     string          `json:"source"`
		Detail     json.RawMessage `json:"detail"`
	}
	if json.Unmarshal([]byte(m.Text), &envelope) != nil {
		return
	}
	switch {
	case envelope.Type == "Notification" && envelope.TopicARN != "" && envelope.Message != nil:
		m.Text, m.Topic = *envelope.Message, envelope.TopicARN
		for name, value := range envelope.Attributes {
			m.Attributes[name] = value.Value
		}
		m.open() // EventBridge may send by SNS
	case envelope.DetailType != "" && envelope.Source != "" && envelope.ID != "" && len(envelope.Detail) > 0:
		m.Text, m.Source, m.Type = string(envelope.Detail), envelope.Source, envelope.DetailType
	}
}

// errNotReached is the error of a message that was left out.
var errNotReached = errors.New("it was not reached: one before it in its group failed, or there was no time")

// messages gives each message to the product, several at a time, those of one group in
// their order. It returns the ids of those that failed, which SQS sends again.
func (h *Handler) messages(ctx context.Context, records []json.RawMessage) ([]byte, error) {
	parsed := make([]record, len(records))
	for i, raw := range records {
		if err := json.Unmarshal(raw, &parsed[i]); err != nil || parsed[i].MessageID == "" {
			return nil, fmt.Errorf("lambda: record %d of the event of SQS is no message: %w", i, errors.Join(err, errNoID))
		}
	}
	failed := make([]bool, len(parsed))
	limit := h.Concurrency
	if limit <= 0 {
		limit = DefaultConcurrency
	}
	places, running := make(chan struct{}, limit), sync.WaitGroup{}
	for _, group := range inGroups(parsed) {
		places <- struct{}{}
		running.Go(func() {
			defer func() { <-places }()
			h.inOrder(ctx, parsed, group, failed)
		})
	}
	running.Wait()
	return failures(parsed, failed), nil
}

var errNoID = errors.New("want an object with a messageId")

// inGroups returns the indexes of the messages, those of one FIFO group together. A
// message without a group is one by itself, as is one of a queue that is not FIFO:
// there a group only says whose messages are not to delay those of others.
func inGroups(records []record) (groups [][]int) {
	known := map[string]int{}
	for i, r := range records {
		name := r.System["MessageGroupId"]
		if !strings.HasSuffix(r.ARN, ".fifo") {
			name = ""
		}
		if at, ok := known[name]; ok && name != "" {
			groups[at] = append(groups[at], i)
			continue
		}
		known[name] = len(groups)
		groups = append(groups, []int{i})
	}
	return groups
}

// inOrder gives the messages of a group to the product until one fails.
func (h *Handler) inOrder(ctx context.Context, records []record, group []int, failed []bool) {
	var err error
	for _, i := range group {
		message, logged := records[i], false
		if err != nil || ctx.Err() != nil {
			err = errNotReached
		} else {
			err = safely.Run(func() (err error) { logged, err = h.take(ctx, message); return err })
		}
		if failed[i] = err != nil; failed[i] && !logged {
			apiphant.Log(ctx).Error("Message "+message.MessageID+" failed: "+safely.WithStack(err).Error(), "queue", message.queue())
		}
	}
}

// take gives a message to the function that it is for. It reports whether the error
// was logged.
func (h *Handler) take(ctx context.Context, r record) (logged bool, err error) {
	if name, attempt, ok := jobmessage.Read(r.attributes(), r.System, r.Body, r.Receipt); ok {
		if h.Job == nil {
			return false, fmt.Errorf("lambda: it is the job %.100q, and the product does not have a function Jobs in api/background", name)
		}
		return true, h.Job(ctx, name, attempt)
	}
	if h.Message == nil {
		return false, noFunction(queueMessages, "a function Message in api/events")
	}
	return false, h.Message(ctx, r.message())
}

// failures returns the report of a batch, as SQS wants it.
func failures(records []record, failed []bool) []byte {
	report := []byte(`{"batchItemFailures":[`)
	first := true
	for i, r := range records {
		if failed[i] {
			if !first {
				report = append(report, ',')
			}
			first = false
			report = append(encode.AppendString(append(report, `{"itemIdentifier":`...), r.MessageID), '}')
		}
	}
	return append(report, "]}"...)
}
