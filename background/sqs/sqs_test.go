package sqs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Admiral-Piett/goaws/app/gosqs"
	"github.com/Admiral-Piett/goaws/app/models"
	"github.com/Admiral-Piett/goaws/app/router"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/sirupsen/logrus"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/engine"
	"github.com/apiphant/apiphant/background/internal/enginetest"
	"github.com/apiphant/apiphant/background/sqs"
	"github.com/apiphant/apiphant/background/worker"
	"github.com/apiphant/apiphant/database"
	"github.com/apiphant/apiphant/lambda"
	"github.com/apiphant/apiphant/program"
	door "github.com/apiphant/apiphant/program/background"
)

const limit = 30 * time.Second // bounds every wait

// stand is a stand-in of SQS, goaws, with its client.
type stand struct {
	url    string
	asked  chan string // the operations that it was asked for
	client *awssqs.Client
}

func newStand(t *testing.T) stand {
	t.Helper()
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_EC2_METADATA_DISABLED": "true"} {
		t.Setenv(name, value)
	}
	logrus.SetOutput(io.Discard)
	models.CurrentEnvironment.EnableDuplicates = true // it is to tell them in FIFO queues
	asked, stub := make(chan string, 10_000), router.New()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AmazonSQS.")
		stub.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	quit := make(chan bool)
	go gosqs.PeriodicTasks(50*time.Millisecond, quit) // makes messages visible again
	t.Cleanup(func() { quit <- true })
	settings, err := config.LoadDefaultConfig(t.Context(), config.WithRegion("us-east-1"))
	if err != nil {
		t.Fatal(err)
	}
	return stand{server.URL, asked, awssqs.NewFromConfig(settings, func(o *awssqs.Options) { o.BaseEndpoint = &server.URL })}
}

// queue makes a queue, and returns its name and its URL as a database.
func (s stand) queue(t *testing.T, name string, attributes map[string]string) (queue, url string) {
	t.Helper()
	if _, err := s.client.CreateQueue(t.Context(), &awssqs.CreateQueueInput{QueueName: &name, Attributes: attributes}); err != nil {
		t.Fatal(err)
	}
	return s.url + "/000000000000/" + name, "sqs://us-east-1/000000000000/" + name + "?endpoint=" + s.url
}

// event takes all messages of a queue, as AWS Lambda does, and returns its event.
func (s stand) event(t *testing.T, queue string) (event []byte, messages []types.Message) {
	t.Helper()
	out, err := s.client.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{QueueUrl: &queue, MaxNumberOfMessages: 10})
	if err != nil {
		t.Fatal(err)
	}
	var records []map[string]any
	for _, m := range out.Messages {
		attributes := map[string]any{}
		for name, value := range m.MessageAttributes {
			attributes[name] = map[string]any{"stringValue": value.StringValue, "dataType": value.DataType}
		}
		records = append(records, map[string]any{
			"messageId": m.MessageId, "receiptHandle": m.ReceiptHandle, "body": m.Body, "attributes": m.Attributes, "messageAttributes": attributes,
			"eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:" + queue[strings.LastIndex(queue, "/")+1:], "awsRegion": "us-east-1",
		})
	}
	event, err = json.Marshal(map[string]any{"Records": records})
	if err != nil {
		t.Fatal(err)
	}
	return event, out.Messages
}

func product(jobs ...background.AnyJob) *background.Product {
	return &background.Product{
		Engines: func() []background.Engine { return []background.Engine{sqs.Engine()} },
		Jobs:    func() []background.AnyJob { return jobs },
	}
}

// open opens the queue of a URL as a program of the product does.
func open(t *testing.T, p *background.Product, url string) (engine.Database, error) {
	t.Helper()
	db, err := database.Open(t.Context(), url, sqs.Engine().Driver())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	if err := db.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	opened, err := worker.Open(p, db, nil)
	if err == nil {
		err = errors.Join(opened.Migrate(t.Context()), opened.Migrated(t.Context()))
	}
	return opened, err
}

func mustOpen(t *testing.T, p *background.Product, url string) engine.Database {
	t.Helper()
	opened, err := open(t, p, url)
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

type mail struct {
	To string `json:"to"`
}

// What is enqueued is worked by the door of Lambda, also what it enqueues itself.
func TestLambda(t *testing.T) {
	s := newStand(t)
	ran := make(chan string, 10)
	number := background.NewJob("number", func(_ context.Context, n int) error { ran <- fmt.Sprint("number ", n); return nil })
	send := background.NewJob("send_mail", func(ctx context.Context, m mail) error { ran <- "mail " + m.To; return number.Enqueue(ctx, 8) })
	fails := background.NewJob("fails", func(context.Context, int) error { return errors.New("no luck") })
	fails.Backoff = func(int) time.Duration { return time.Hour }
	once := *fails
	once.Attempts = 1
	later := *number
	later.Delay = time.Minute
	fair := *number
	fair.Queue = "others"

	p := product(number, send, fails)
	queue, url := s.queue(t, "lambda", map[string]string{"VisibilityTimeout": "30"})
	opened := mustOpen(t, p, url)
	ctx := engine.WithQueue(t.Context(), opened)
	const odd = "<&> ü \x00\x1f\u2028\ufffe\uffff \U0001F418"
	for _, err := range []error{send.Enqueue(ctx, mail{odd}), fails.Enqueue(ctx, 1), once.Enqueue(ctx, 1), later.Enqueue(ctx, 9), fair.Enqueue(ctx, 7)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	door := &lambda.Handler{Job: (&worker.Worker{Product: p, Database: opened}).Attempt}
	event, messages := s.event(t, queue)
	if len(messages) != 4 {
		t.Fatalf("got %d messages, want 4 and the one that waits: %s", len(messages), event)
	}
	answer, err := door.Invoke(t.Context(), event)
	if want := `{"batchItemFailures":[{"itemIdentifier":"` + *messages[1].MessageId + `"}]}`; err != nil || string(answer) != want {
		t.Errorf("got %s, %v, want %s", answer, err, want)
	}
	if body := *messages[0].Body; !strings.Contains(body, `\ufffe\uffff`) { // SQS refuses these
		t.Errorf("the message is %s", body)
	}
	if group := messages[3].Attributes["MessageGroupId"]; group != "" && group != "others" {
		t.Errorf("the job of another Queue has the group %q", group)
	}
	event, _ = s.event(t, queue)
	if answer, err := door.Invoke(t.Context(), event); err != nil || string(answer) != `{"batchItemFailures":[]}` {
		t.Errorf("got %s, %v", answer, err)
	}
	var got []string
	for len(ran) > 0 {
		got = append(got, <-ran)
	}
	slices.Sort(got)
	if want := []string{"mail " + odd, "number 7", "number 8"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A FIFO queue tells jobs that are the same, and has the groups of the jobs' queues.
func TestFIFO(t *testing.T) {
	s := newStand(t)
	nothing := func(context.Context, int) error { return nil }
	unique, other := background.NewJob("unique", nothing), background.NewJob("other", nothing)
	unique.Unique, other.Queue = true, "others"
	queue, url := s.queue(t, "jobs.fifo", map[string]string{"FifoQueue": "true", "VisibilityTimeout": "30"})
	ctx := engine.WithQueue(t.Context(), mustOpen(t, product(unique, other), url))
	for _, err := range []error{unique.Enqueue(ctx, 1), unique.Enqueue(ctx, 1), unique.Enqueue(ctx, 2), other.Enqueue(ctx, 1), other.Enqueue(ctx, 1)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for {
		_, messages := s.event(t, queue)
		if len(messages) == 0 {
			break
		}
		for _, m := range messages {
			got = append(got, *m.MessageAttributes["apiphant.job"].StringValue+" "+*m.Body)
			if _, err := s.client.DeleteMessage(t.Context(), &awssqs.DeleteMessageInput{QueueUrl: &queue, ReceiptHandle: m.ReceiptHandle}); err != nil {
				t.Fatal(err)
			}
		}
	}
	slices.Sort(got)
	if want := []string{"other 1", "other 1", "unique 1", "unique 2"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// The options of a job that a queue can't keep are refused, at the start and later.
func TestRefused(t *testing.T) {
	s := newStand(t)
	_, standard := s.queue(t, "refused", map[string]string{"MaximumMessageSize": "2048"})
	_, fifo := s.queue(t, "refused.fifo", map[string]string{"FifoQueue": "true", "VisibilityTimeout": "30"})
	listed := background.NewJob("job", func(context.Context, string) error { return nil })
	for _, test := range []struct {
		name   string
		change func(*background.Job[string])
		url    string
		want   string
	}{
		{"a priority", func(j *background.Job[string]) { j.Priority = 2 }, standard, "Priority is 2"},
		{"a long delay", func(j *background.Job[string]) { j.Delay = 15*time.Minute + 1 }, standard, "15m0s at most"},
		{"a delay in a FIFO queue", func(j *background.Job[string]) { j.Delay = 1 }, fifo, "FIFO queue have none"},
		{"unique", func(j *background.Job[string]) { j.Unique = true }, standard, ".fifo"},
	} {
		job := *listed
		test.change(&job)
		_, atStart := open(t, product(&job), test.url)
		later := job.Enqueue(engine.WithQueue(t.Context(), mustOpen(t, product(listed), test.url)), "x")
		for when, err := range map[string]error{"at the start": atStart, "later": later} {
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "job job") {
				t.Errorf("%s, %s: got %v, want %q", test.name, when, err, test.want)
			}
		}
	}

	ctx := engine.WithQueue(t.Context(), mustOpen(t, product(listed), standard))
	unlisted, noAttempts := background.NewJob("unlisted", func(context.Context, int) error { return nil }), *listed
	noAttempts.Attempts = -1
	for _, test := range []struct {
		err  error
		want string
	}{
		{unlisted.Enqueue(ctx, 1), "Jobs()"},
		{noAttempts.Enqueue(ctx, "x"), "Attempts is -1"},
		{listed.Enqueue(ctx, strings.Repeat("x", 2048-47)), "its message would have 2049 bytes, and the queue takes 2048"},
		{sqs.EnqueueTx(ctx, any(nil), listed, "x"), sqs.ErrNoTransactions.Error()},
	} {
		if test.err == nil || !strings.Contains(test.err.Error(), test.want) {
			t.Errorf("got %v, want %q", test.err, test.want)
		}
	}
	if err := listed.Enqueue(ctx, strings.Repeat("x", 2048-48)); err != nil {
		t.Errorf("the largest message: %v", err)
	}
}

func TestURL(t *testing.T) {
	s := newStand(t)
	s.queue(t, "there", nil)
	end := "?endpoint=" + s.url
	for _, test := range []struct{ url, want string }{
		{"sqs://us-east-1/000000000000/there" + end, ""},
		{"sqs://us-east-1/000000000000/missing" + end, "InvalidParameterValue"}, // goaws says that in place of QueueDoesNotExist
		{"sqs://us-east-1/000000000000", "sqs://REGION/ACCOUNT/QUEUE"},
		{"sqs://us-east-1/me/there" + end, `account "me": want its number`},
		{"sqs://us_east/000000000000/there", `region "us_east"`},
		{"sqs:///000000000000/there", `region ""`},
		{"sqs://us-east-1/000000000000/a/b", `queue "a/b"`},
		{"sqs://us-east-1/000000000000/" + strings.Repeat("x", 81), "at most 80"},
		{"sqs://sqs.us-east-1.amazonaws.com/000000000000/there", "the region is enough"},
		{"sqs://ann:secret@us-east-1/000000000000/there", "sqs://REGION/ACCOUNT/QUEUE"},
		{"sqs://us-east-1/000000000000/there?region=x", `parameter "region"`},
		{"sqs://us-east-1/000000000000/there?endpoint=here", "http://HOST:PORT"},
		{"sqs://us-east-1/000000000000/there?endpoint=http://127.0.0.1:1", "connection refused"},
	} {
		db, err := database.Open(t.Context(), test.url, sqs.Engine().Driver())
		if err == nil {
			db.Close()
		}
		if (err == nil) != (test.want == "") || err != nil && (!strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "secret")) {
			t.Errorf("%s: got %v, want %q", test.url, err, test.want)
		}
		if parsed := slices.Contains([]string{"", "InvalidParameterValue", "connection refused"}, test.want); errors.Is(err, database.ErrURL) == parsed {
			t.Errorf("%s: got %v, and it is an error of the URL: %t", test.url, err, !parsed)
		}
	}
	t.Setenv("AWS_ENDPOINT_URL_SQS", s.url)
	if _, err := database.Open(t.Context(), "sqs://us-east-1/000000000000/there", sqs.Engine().Driver()); err != nil {
		t.Errorf("with AWS's own setting: %v", err)
	}
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_CONFIG_FILE": "none", "AWS_SHARED_CREDENTIALS_FILE": "none"} {
		t.Setenv(name, value)
	}
	if _, err := database.Open(t.Context(), "sqs://us-east-1/000000000000/there", sqs.Engine().Driver()); err == nil || !strings.Contains(err.Error(), "there are no credentials: set AWS_ACCESS_KEY_ID") {
		t.Errorf("without credentials: got %v", err)
	}
}

// work runs a worker until stop is called.
func work(t *testing.T, w *worker.Worker) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	return func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("the worker ended with %v", err)
			}
		case <-time.After(limit):
			t.Error("the worker does not end")
		}
	}
}

// TestQueue is what every engine passes that keeps jobs.
func TestQueue(t *testing.T) {
	s := newStand(t)
	queues := 0
	enginetest.RunQueue(t, enginetest.Engine{Engine: sqs.Engine(), NewURL: func(t *testing.T) string {
		queues++
		_, url := s.queue(t, fmt.Sprint("suite", queues), map[string]string{"VisibilityTimeout": "30"})
		return url
	}})
}

// TestProgram starts the programs of a product: one enqueues, one works.
func TestProgram(t *testing.T) {
	s := newStand(t)
	_, url := s.queue(t, "program", nil)
	ran := make(chan string, 10)
	number := background.NewJob("number", func(_ context.Context, n int) error { ran <- fmt.Sprint("number ", n); return nil })
	p := program.Product{Name: "shop", API: &apiphant.API{}, Doors: []program.Door{door.Door{
		Jobs:    func() []background.AnyJob { return []background.AnyJob{number} },
		Engines: func() []background.Engine { return []background.Engine{sqs.Engine()} },
	}}}
	p.API.Start = func(ctx context.Context) error { return number.Enqueue(ctx, 7) }
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	var stderr bytes.Buffer
	go func() { ended <- p.Run(ctx, []string{"background", "--database", url}, io.Discard, &stderr) }()
	if got := await(t, ran, 1); got[0] != "number 7" {
		t.Errorf("got %q", got)
	}
	cancel()
	if status := <-ended; status != 0 {
		t.Errorf("exit status %d: %s", status, stderr.String())
	}

	stderr.Reset()
	p.Doors = []program.Door{door.Door{Jobs: func() []background.AnyJob { return []background.AnyJob{number} }}}
	if status := p.Run(t.Context(), []string{"background", "--database", url}, io.Discard, &stderr); status != 1 || !strings.Contains(stderr.String(), `import "github.com/apiphant/apiphant/background/sqs"`) {
		t.Errorf("without the engine: exit status %d, %s", status, stderr.String())
	}
}

// await returns the next values, sorted.
func await(t *testing.T, from <-chan string, n int) (got []string) {
	t.Helper()
	for len(got) < n {
		select {
		case what := <-from:
			got = append(got, what)
		case <-time.After(limit):
			t.Fatalf("waited too long for %d, got %q", n, got)
		}
	}
	slices.Sort(got)
	return got
}

// The command background works the queue itself, and leaves schedules to EventBridge.
func TestWork(t *testing.T) {
	s := newStand(t)
	ran, failed := make(chan string, 10), make(chan string, 10)
	number := background.NewJob("number", func(_ context.Context, n int) error { ran <- fmt.Sprint("number ", n); return nil })
	var tries atomic.Int32
	flaky := background.NewJob("flaky", func(context.Context, int) error {
		if tries.Add(1) == 1 {
			return errors.New("no luck")
		}
		ran <- "flaky"
		return nil
	})
	flaky.Backoff = func(int) time.Duration { return 0 }
	hopeless := background.NewJob("hopeless", func(context.Context, int) error { panic("never") })
	hopeless.Attempts = 1
	slow := background.NewJob("slow", func(context.Context, int) error { // longer than the VisibilityTimeout
		for kept := 0; kept < 5; {
			if <-s.asked == "ChangeMessageVisibility" {
				kept++
			}
		}
		ran <- "slow"
		return nil
	})
	p := product(number, flaky, hopeless, slow)
	p.OnError = func(_ context.Context, f background.Failure) error {
		failed <- fmt.Sprintf("%s %d %t %v", f.Task, f.Attempt, f.Last, f.Err)
		return nil
	}
	p.Tasks = func() []background.Task {
		return []background.Task{{Name: "task", Every: time.Millisecond, Run: func(context.Context) error { ran <- "task"; return nil }}}
	}
	queue, url := s.queue(t, "work", map[string]string{"VisibilityTimeout": "1"})
	opened := mustOpen(t, p, url)
	ctx := engine.WithQueue(t.Context(), opened)
	for _, err := range []error{number.Enqueue(ctx, 7), flaky.Enqueue(ctx, 1), hopeless.Enqueue(ctx, 1), slow.Enqueue(ctx, 1)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.client.SendMessage(t.Context(), &awssqs.SendMessageInput{QueueUrl: &queue, MessageBody: aws.String("no job")}); err != nil {
		t.Fatal(err)
	}
	stop := work(t, &worker.Worker{Product: p, Database: opened})
	if got, want := await(t, ran, 3), []string{"flaky", "number 7", "slow"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := await(t, failed, 2), []string{"flaky 1 false no luck", "hopeless 1 true panic: never"}; !slices.Equal(got, want) {
		t.Errorf("failures: got %q, want %q", got, want)
	}
	stop()
	stats, err := opened.Stats(t.Context())
	if left := stats.Depth["work"]["available"]; err != nil || left != 1 {
		t.Errorf("%d messages are left, %v, want the one that is no job", left, err)
	}

	if ok, err := (&worker.Worker{Product: p, Database: opened}).Once(t.Context(), "task"); !ok || err != nil || <-ran != "task" {
		t.Errorf("once: got %t, %v", ok, err)
	}
}
