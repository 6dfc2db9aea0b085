package sqs

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/apiphant/apiphant/background/engine"
	"github.com/apiphant/apiphant/internal/jobmessage"
)

const (
	maxDelay   = 15 * time.Minute // of SQS
	maxMessage = 1 << 20          // of SQS, in bytes, with the attributes; a queue may have less
)

// queue is the jobs in a queue of SQS.
type queue struct {
	*connection
	tasks
	jobs map[string]*engine.Definition
	log  *slog.Logger
}

// check returns an error for an option that the queue can't keep.
func (c *connection) check(job *engine.Definition) error {
	switch {
	case job.Priority != 1:
		return fmt.Errorf("job %s: Priority is %d: SQS has none, want 0 or 1", job.Name, job.Priority)
	case job.Delay > maxDelay:
		return fmt.Errorf("job %s: Delay is %s: SQS keeps messages back for %s at most", job.Name, job.Delay, maxDelay)
	case job.Delay > 0 && c.isFIFO():
		return fmt.Errorf("job %s: Delay is %s: messages of a FIFO queue have none", job.Name, job.Delay)
	case job.Unique && !c.isFIFO():
		return fmt.Errorf("job %s is Unique: only a FIFO queue of SQS tells jobs that are the same, want one whose name ends with .fifo", job.Name)
	}
	return nil
}

// Enqueue implements [engine.Queue].
func (q *queue) Enqueue(ctx context.Context, job *engine.Definition, args []byte) error {
	if q.jobs[job.Name] == nil {
		return fmt.Errorf("job %s is not in the list that the product's Jobs() returns, so that no worker would run it", job.Name)
	}
	if err := job.Check(); err != nil {
		return err
	}
	if err := q.check(job); err != nil {
		return err
	}
	message := q.message(job, args)
	if size := sizeOf(message); size > q.maxSize {
		return fmt.Errorf("job %s: its message would have %d bytes, and the queue takes %d: keep what is large elsewhere, and pass its name", job.Name, size, q.maxSize)
	}
	if _, err := q.client.SendMessage(ctx, message); err != nil {
		return fmt.Errorf("job %s was not enqueued: %w", job.Name, explained(err))
	}
	return nil
}

// message returns a job as it is sent.
func (q *queue) message(job *engine.Definition, args []byte) *sqs.SendMessageInput {
	attribute := func(kind, value string) types.MessageAttributeValue {
		return types.MessageAttributeValue{DataType: &kind, StringValue: &value}
	}
	message := &sqs.SendMessageInput{
		QueueUrl:    &q.url,
		MessageBody: aws.String(allowed(args)),
		MessageAttributes: map[string]types.MessageAttributeValue{
			jobmessage.Name:     attribute("String", job.Name),
			jobmessage.Attempts: attribute("Number", strconv.Itoa(job.Attempts)),
		},
		DelaySeconds: int32((job.Delay + time.Second - 1) / time.Second),
	}
	if q.isFIFO() || job.Queue != "default" {
		message.MessageGroupId = &job.Queue
	}
	if q.isFIFO() {
		message.MessageDeduplicationId = aws.String(deduplication(job, args))
	}
	return message
}

// deduplication returns what tells a job from others in a FIFO queue: of unique ones
// their name and arguments, of others nothing but chance.
func deduplication(job *engine.Definition, args []byte) string {
	if !job.Unique {
		return rand.Text()
	}
	sum := sha256.Sum256(append([]byte(job.Name+"\x00"), args...))
	return hex.EncodeToString(sum[:])
}

// allowed returns JSON with only those characters that SQS takes: U+FFFE and U+FFFF,
// which can stand in texts only, are written as escapes. All others that it refuses are
// escaped in JSON anyway.
func allowed(args []byte) string {
	args = bytes.ToValidUTF8(args, []byte("\uFFFD"))
	args = bytes.ReplaceAll(args, []byte("\uFFFE"), []byte(`\ufffe`))
	return string(bytes.ReplaceAll(args, []byte("\uFFFF"), []byte(`\uffff`)))
}

// sizeOf returns the size of a message as SQS counts it: with names, types and values of
// its attributes.
func sizeOf(message *sqs.SendMessageInput) int {
	size := len(*message.MessageBody)
	for name, value := range message.MessageAttributes {
		size += len(name) + len(*value.DataType) + len(*value.StringValue)
	}
	return size
}

// Migrate implements [engine.Database]: a queue has no tables.
func (*queue) Migrate(context.Context) error { return nil }

// Migrated implements [engine.Database].
func (*queue) Migrated(context.Context) error { return nil }

// Stats implements [engine.Database]. SQS counts approximately, and all of the queue
// together; jobs that wait for another attempt count as running.
func (q *queue) Stats(ctx context.Context) (engine.Stats, error) {
	found, err := q.attributes(ctx, types.QueueAttributeNameApproximateNumberOfMessages,
		types.QueueAttributeNameApproximateNumberOfMessagesDelayed, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible)
	if err != nil {
		return engine.Stats{}, err
	}
	return engine.Stats{Depth: map[string]map[string]int{q.name: {
		"available": found[types.QueueAttributeNameApproximateNumberOfMessages],
		"scheduled": found[types.QueueAttributeNameApproximateNumberOfMessagesDelayed],
		"running":   found[types.QueueAttributeNameApproximateNumberOfMessagesNotVisible],
	}}}, nil
}
