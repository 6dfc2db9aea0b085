package lambda_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/engine"
	"github.com/apiphant/apiphant/background/worker"
	"github.com/apiphant/apiphant/lambda"
)

// postponed is a queue that keeps what it is told.
type postponed struct {
	engine.Database
	mu   sync.Mutex
	told []string
}

func (p *postponed) Postpone(_ context.Context, receipt string, by time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told = append(p.told, fmt.Sprint(receipt, " ", by))
	return nil
}

// job returns a message that is a job.
func job(id, name, args string, received, attempts int) map[string]any {
	text := func(s any) map[string]string {
		return map[string]string{"stringValue": fmt.Sprint(s), "dataType": "String"}
	}
	return map[string]any{
		"messageId": id, "receiptHandle": "receipt-" + id, "body": args, "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:eu-central-1:1:jobs",
		"attributes":        map[string]string{"ApproximateReceiveCount": fmt.Sprint(received)},
		"messageAttributes": map[string]any{"apiphant.job": text(name), "apiphant.attempts": text(attempts)},
	}
}

// A message that is a job runs that job, and fails alone.
func TestJobs(t *testing.T) {
	var mu sync.Mutex
	var ran, failures []string
	add := func(to *[]string, what string) {
		mu.Lock()
		defer mu.Unlock()
		*to = append(*to, what)
	}
	echo := background.NewJob("echo", func(_ context.Context, args map[string]string) error { add(&ran, args["Type"]+args["a"]); return nil })
	fails := background.NewJob("fails", func(context.Context, int) error { return errors.New("no luck") })
	fails.Backoff = func(attempt int) time.Duration { return time.Duration(attempt) * time.Minute }
	slow := background.NewJob("slow", func(ctx context.Context, _ int) error { <-ctx.Done(); return ctx.Err() })
	slow.Timeout, slow.Backoff = time.Millisecond, func(int) time.Duration { panic("no backoff") }
	panics := background.NewJob("panics", func(context.Context, int) error { panic("on purpose") })

	var log bytes.Buffer
	queue := &postponed{}
	jobs := &worker.Worker{Database: queue, Log: slog.New(slog.NewTextHandler(&log, nil)), Product: &background.Product{
		Jobs: func() []background.AnyJob { return []background.AnyJob{echo, fails, slow, panics} },
		OnError: func(_ context.Context, f background.Failure) error {
			add(&failures, fmt.Sprintf("%s %d %t %t %.15s", f.Task, f.Attempt, f.Last, f.Panic, f.Err.Error()))
			return nil
		},
	}}
	handler := &lambda.Handler{Job: jobs.Attempt}
	event, err := json.Marshal(map[string]any{"Records": []any{
		job("1", "echo", `{"a":"b"}`, 1, 25),
		job("2", "echo", `{"Type":"Notification","TopicArn":"t","Message":"not an envelope"}`, 1, 25),
		job("3", "fails", `1`, 3, 25), job("4", "fails", `1`, 25, 25), job("5", "slow", `1`, 1, 25), job("6", "panics", `1`, 1, 1),
		job("7", "unknown", `1`, 99, 1), job("8", "fails", `"no number"`, 1, 25),
		map[string]any{"messageId": "9", "body": "no job", "eventSource": "aws:sqs"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := handler.Invoke(quiet(t), event)
	want := `{"batchItemFailures":[{"itemIdentifier":"3"},{"itemIdentifier":"5"},{"itemIdentifier":"7"},{"itemIdentifier":"8"},{"itemIdentifier":"9"}]}`
	if err != nil || string(answer) != want {
		t.Errorf("got %s, %v, want %s", answer, err, want)
	}
	for _, test := range []struct{ got, want []string }{
		{ran, []string{"Notification", "b"}},
		{failures, []string{"fails 1 false false can't decode th", "fails 25 true false no luck", "fails 3 false false no luck", "panics 1 true true panic: on purpo", "slow 1 false false context deadlin"}},
		{queue.told, []string{"receipt-3 3m0s", "receipt-8 1m0s"}},
	} {
		slices.Sort(test.got)
		if !slices.Equal(test.got, test.want) {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
	for _, want := range []string{`job \"unknown\": there is no such job`, "The Backoff of job slow can't be kept"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log is %s, want %s", log.String(), want)
		}
	}

	alone, _ := json.Marshal(map[string]any{"Records": []any{job("1", "echo", `{}`, 1, 25)}})
	none := &lambda.Handler{Message: func(context.Context, lambda.Message) error { t.Error("a job is no message"); return nil }}
	if answer, err := none.Invoke(quiet(t), alone); err != nil || string(answer) != `{"batchItemFailures":[{"itemIdentifier":"1"}]}` {
		t.Errorf("without jobs: got %s, %v", answer, err)
	}
}

// Messages of a queue that is not FIFO do not wait for each other, whatever their groups.
func TestGroupsOfFairQueues(t *testing.T) {
	handler := &lambda.Handler{Message: func(_ context.Context, m lambda.Message) error {
		if m.ID == "a" {
			return errors.New("on purpose")
		}
		return nil
	}}
	event := bytes.ReplaceAll(sqs("a:x", "b:x"), []byte("orders.fifo"), []byte("orders"))
	if answer, err := handler.Invoke(quiet(t), event); err != nil || string(answer) != `{"batchItemFailures":[{"itemIdentifier":"a"}]}` {
		t.Errorf("got %s, %v", answer, err)
	}
}
