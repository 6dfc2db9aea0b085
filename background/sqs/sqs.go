// Package sqs keeps jobs in a queue of Amazon SQS, from where AWS Lambda brings them to
// the functions of a product. A product names it in api/background:
//
//	func Engines() []background.Engine { return []background.Engine{sqs.Engine()} }
//
// and its program is started with --database sqs://REGION/ACCOUNT/QUEUE. What enqueues
// is any program of the product. What works the jobs is the product as a Lambda function
// whose event source is the queue (package lambda) or, without Lambda, its command
// background.
//
// A queue is less than a database. What it can't keep is an error, when the program
// starts or at Enqueue:
//
//   - Delay is 15 minutes at most, and none in a FIFO queue.
//   - Unique needs a FIFO queue. It then means: not the same job within five minutes of
//     the first, whether that is done or not. See [Job.Unique].
//   - Priority there is none.
//   - The arguments, with the job's name, have 1 MiB or what the queue's
//     MaximumMessageSize says.
//   - EnqueueTx there is none: [ErrNoTransactions].
//
// What it keeps in another way:
//
//   - Attempts are counted by SQS. It also counts what came to no attempt: a batch that
//     Lambda could not begin, a message behind one that failed in its FIFO group. After
//     the last attempt the job is removed. A redrive policy whose maxReceiveCount is
//     smaller comes before that: the message goes to the dead-letter queue, and
//     [Failure.Last] is not true.
//   - Backoff is 11 hours at most, and to the second. Who may not call
//     ChangeMessageVisibility has the queue's VisibilityTimeout instead.
//   - Timeout has to be shorter than the time-out of the Lambda function.
//   - Queue is the message's group: in a FIFO queue its jobs are run one after the
//     other; in others it lets the jobs of one Queue not delay those of another.
//   - A job that is not done within the queue's retention (14 days at most) is lost.
//
// Schedules are EventBridge's, which calls the Lambda function: the command background
// does not run tasks on their schedules while this is its database. --once runs one.
//
// [Job.Unique]: https://pkg.go.dev/github.com/apiphant/apiphant/background#Job
// [Failure.Last]: https://pkg.go.dev/github.com/apiphant/apiphant/background#Failure
package sqs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/engine"
	"github.com/apiphant/apiphant/database"
)

// Engine returns the engine for SQS. Its URLs are
//
//	sqs://REGION/ACCOUNT/QUEUE
//	sqs://eu-central-1/123456789012/jobs
//	sqs://us-east-1/000000000000/jobs?endpoint=http://127.0.0.1:4100
//
// The endpoint is for stand-ins of SQS; without it, AWS_ENDPOINT_URL_SQS and AWS's own
// are taken. Credentials are found as AWS's SDK finds them: the role of the Lambda
// function, AWS_ACCESS_KEY_ID, or AWS's files. They need the rights sqs:SendMessage and
// sqs:GetQueueAttributes; who works jobs also sqs:ReceiveMessage, sqs:DeleteMessage and
// sqs:ChangeMessageVisibility.
func Engine() background.Engine { return sqsEngine{} }

type sqsEngine struct{}

func (sqsEngine) Driver() database.Driver { return driver{} }

func (sqsEngine) Open(db database.DB, jobs []*engine.Definition, log *slog.Logger) (engine.Database, error) {
	of, ok := db.(*connection)
	if !ok {
		return nil, fmt.Errorf("want a queue of SQS, got a %T", db)
	}
	q := &queue{connection: of, jobs: map[string]*engine.Definition{}, log: log}
	var errs []error
	for _, job := range jobs {
		q.jobs[job.Name] = job
		errs = append(errs, of.check(job))
	}
	return q, errors.Join(errs...)
}

// ErrNoTransactions is what EnqueueTx returns.
var ErrNoTransactions = errors.New("SQS has no transactions: a job can't be enqueued in one. Enqueue it once the transaction is committed, or keep jobs in the database itself, with background/postgres or background/sqlite")

// EnqueueTx returns [ErrNoTransactions]: a queue knows nothing of a transaction on a
// database, so that a job could be sent though the transaction is rolled back.
func EnqueueTx[Tx, A any](_ context.Context, _ Tx, job *background.Job[A], _ A) error {
	return fmt.Errorf("job %s: %w", job.Definition().Name, ErrNoTransactions)
}
