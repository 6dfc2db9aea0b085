package sqs

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/apiphant/apiphant/background/engine"
	"github.com/apiphant/apiphant/internal/jobmessage"
)

const (
	receiveWait  = 20 * time.Second // SQS answers earlier if there is a message
	receiveMost  = 10               // messages at once
	receivePause = time.Second      // between two attempts, where the queue does not answer

	// workGrace is how long the end of the work may take after the drain.
	workGrace = 1300 * time.Millisecond
)

// Work implements [engine.Database]. It asks SQS for messages, as Lambda does where the
// product is a Lambda function.
func (q *queue) Work(ctx context.Context, work engine.Work) error {
	w := &worker{queue: q, work: work, jobs: map[string]*engine.Definition{}, places: make(chan struct{}, work.Workers)}
	for _, job := range work.Jobs {
		w.jobs[job.Name] = job
	}
	var running sync.WaitGroup
	for ctx.Err() == nil {
		places := w.take(ctx)
		groups := inGroups(w.receive(ctx, places), q.isFIFO())
		w.giveBack(places - len(groups))
		for _, group := range groups {
			running.Go(func() {
				defer w.giveBack(1)
				w.inOrder(ctx, group)
			})
		}
	}
	done := make(chan struct{})
	go func() { running.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(work.Drain + workGrace):
		q.log.Warn("The work on jobs has not ended in time: SQS brings again what is not removed from the queue")
	}
	return nil
}

// worker works the jobs of a queue.
type worker struct {
	*queue
	work   engine.Work
	jobs   map[string]*engine.Definition
	places chan struct{} // one for each message that is worked on
}

// take waits for a place, and takes those that are free, as many as one answer of SQS
// can fill. It takes none if ctx ends.
func (w *worker) take(ctx context.Context) (taken int) {
	select {
	case w.places <- struct{}{}:
		taken = 1
	case <-ctx.Done():
		return 0
	}
	for taken < receiveMost {
		select {
		case w.places <- struct{}{}:
			taken++
		default:
			return taken
		}
	}
	return taken
}

func (w *worker) giveBack(places int) {
	for range places {
		<-w.places
	}
}

// receive returns some messages. If there are none for a while, or ctx ends, it returns
// none.
func (w *worker) receive(ctx context.Context, most int) []types.Message {
	if most == 0 {
		return nil
	}
	out, err := w.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &w.url, MaxNumberOfMessages: int32(most), WaitTimeSeconds: int32(receiveWait / time.Second),
		MessageAttributeNames:       []string{jobmessage.Name, jobmessage.Attempts},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{jobmessage.ReceiveCount, types.MessageSystemAttributeNameMessageGroupId},
	})
	switch {
	case err == nil:
		return out.Messages
	case ctx.Err() == nil:
		w.log.Error("The queue of the jobs does not answer, trying again", "error", explained(err).Error())
		select {
		case <-ctx.Done():
		case <-time.After(receivePause):
		}
	}
	return nil
}

// inGroups returns messages in groups of those that must be in order: the messages of a
// FIFO queue that have the same group.
func inGroups(messages []types.Message, fifo bool) (groups [][]types.Message) {
	known := map[string]int{}
	for _, m := range messages {
		name := m.Attributes[string(types.MessageSystemAttributeNameMessageGroupId)]
		if at, ok := known[name]; ok && fifo {
			groups[at] = append(groups[at], m)
			continue
		}
		known[name] = len(groups)
		groups = append(groups, []types.Message{m})
	}
	return groups
}
