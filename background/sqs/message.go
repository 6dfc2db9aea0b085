package sqs

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/apiphant/apiphant/background/engine"
	"github.com/apiphant/apiphant/internal/jobmessage"
	"github.com/apiphant/apiphant/internal/safely"
)

const (
	// maxPostpone is below the 12 hours from its receipt on for which SQS keeps a
	// message away at most.
	maxPostpone = 11 * time.Hour

	answerTimeout = 5 * time.Second // of SQS, when it is told what became of a message
)

// inOrder works messages of a group until one is not done, or ctx ends. That one and
// those behind it are given back.
func (w *worker) inOrder(ctx context.Context, group []types.Message) {
	stop := w.keep(group)
	for i, m := range group {
		again := time.Duration(0)
		if ctx.Err() == nil {
			if again = w.run(m); again == isDone {
				continue
			}
		}
		stop() // else it could overwrite what follows
		if again != isLeft {
			w.postpone(m, again)
		}
		for _, behind := range group[i+1:] {
			w.postpone(behind, 0)
		}
		return
	}
	stop()
}

// What run returns besides the time after which a message is to come again.
const (
	isDone time.Duration = -1 // it is removed
	isLeft time.Duration = -2 // it comes again after the queue's VisibilityTimeout
)

// run runs the job that a message is, and returns when it is to come again.
func (w *worker) run(m types.Message) (again time.Duration) {
	attributes := map[string]string{}
	for name, value := range m.MessageAttributes {
		attributes[name] = aws.ToString(value.StringValue)
	}
	name, attempt, ok := jobmessage.Read(attributes, m.Attributes, aws.ToString(m.Body), aws.ToString(m.ReceiptHandle))
	job := w.jobs[name]
	if !ok || job == nil {
		w.log.Error("A message of the queue is no job that this program knows, and is left there", "message", aws.ToString(m.MessageId), "job", name)
		return isLeft
	}
	err := w.work.Run(w.work.Base, job, attempt)
	switch {
	case errors.Is(err, engine.ErrInterrupted):
		return 0
	case err == nil, attempt.Last, errors.Is(err, engine.ErrGivenUp):
		w.remove(m, job)
		return isDone
	}
	if err := safely.Run(func() error { again = max(job.Backoff(attempt.Number), 0); return nil }); err != nil {
		w.log.Error("The Backoff of job " + name + " failed, the queue's VisibilityTimeout is taken: " + err.Error())
		return isLeft
	}
	return again
}

// remove removes a message that is done with.
func (w *worker) remove(m types.Message, job *engine.Definition) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.work.Base), answerTimeout)
	defer cancel()
	if _, err := w.client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &w.url, ReceiptHandle: m.ReceiptHandle}); err != nil {
		w.log.Error("Job "+job.Name+" is done but can't be removed from the queue: it will be run again", "error", explained(err).Error())
	}
}

func (w *worker) postpone(m types.Message, by time.Duration) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.work.Base), answerTimeout)
	defer cancel()
	if err := w.Postpone(ctx, aws.ToString(m.ReceiptHandle), by); err != nil {
		w.log.Warn("A message can't be given back to the queue, and comes again after the queue's VisibilityTimeout", "error", err.Error())
	}
}

// Postpone implements [engine.Postponer].
func (q *queue) Postpone(ctx context.Context, receipt string, by time.Duration) error {
	_, err := q.client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
		QueueUrl: &q.url, ReceiptHandle: &receipt, VisibilityTimeout: seconds(by),
	})
	if err != nil {
		return explained(err)
	}
	return nil
}

// seconds returns a duration in whole seconds, rounded up, within what SQS takes.
func seconds(d time.Duration) int32 {
	d = min(max(d, 0), maxPostpone)
	return int32((d + time.Second - 1) / time.Second)
}

// keep keeps messages away from other workers until stop is called.
func (w *worker) keep(messages []types.Message) (stop func()) {
	every := w.visibility / 3
	if every <= 0 {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.work.Base))
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			for _, m := range messages {
				_ = w.Postpone(ctx, aws.ToString(m.ReceiptHandle), w.visibility) // the queue has those no more that are done
			}
		}
	}()
	return func() { cancel(); <-done }
}
