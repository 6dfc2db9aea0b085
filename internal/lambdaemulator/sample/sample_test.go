package sample_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/internal/lambdaemulator/sample"
	"github.com/apiphant/apiphant/lambda"
)

// Package lambda finds out the kind of each sample, and calls what is for it.
func TestSamples(t *testing.T) {
	want := map[string]string{
		"api-1.0": `read {"hello":"world"}`, "api-2.0": `read {"hello":"world"}`, "url": `read {"hello":"world"}`,
		"alb": `read {"hello":"world"}`, "alb-multi": `read {"hello":"world"}`,
		"sqs":        `message orders {"order": 1}|message orders {"order": 2}`,
		"sqs-fifo":   `message orders.fifo {"order": 1}|message orders.fifo {"order": 2}|message orders.fifo {"order": 3}`,
		"s3":         "file reports/summer 2024, final.pdf false",
		"s3-removed": "file reports/summer 2024, final.pdf true",
		"schedule":   "task", "task": "task",
		"eventbridge": "event shop.orders Order Placed", "sns": "event aws:sns ", "warm-up": "",
	}
	for _, kind := range sample.Kinds() {
		t.Run(kind.Name, func(t *testing.T) {
			var called []string
			api := &apiphant.API{}
			api.Handle("v0/echo", apiphant.Actions{Read: apiphant.Func(func(_ context.Context, request struct {
				Hello string `json:"hello"`
			}) (any, error) {
				called = append(called, `read {"hello":"`+request.Hello+`"}`)
				return nil, nil
			})})
			handler := &lambda.Handler{
				API: api, Concurrency: 1,
				Message: func(_ context.Context, m lambda.Message) error {
					called = append(called, "message "+m.Queue+" "+m.Text)
					return nil
				},
				File: func(_ context.Context, f lambda.File) error {
					called = append(called, "file "+f.Name+map[bool]string{true: " true", false: " false"}[f.Removed])
					return nil
				},
				Event: func(_ context.Context, e lambda.Event) (any, error) {
					called = append(called, "event "+e.Source+" "+e.Type)
					return nil, nil
				},
				Tasks: []background.Task{{Name: "CleanUp", Run: func(context.Context) error { called = append(called, "task"); return nil }}},
			}
			event, err := sample.Event(kind.Name)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := handler.Invoke(apiphant.WithLog(t.Context(), slog.New(slog.DiscardHandler)), event)
			if got := strings.Join(called, "|"); err != nil || got != want[kind.Name] {
				t.Errorf("called %q, and answered %s, %v, want %q", got, answer, err, want[kind.Name])
			}
			if strings.HasPrefix(want[kind.Name], "read") && !strings.Contains(string(answer), `"statusCode":200`) {
				t.Errorf("answered %s", answer)
			}
		})
	}
	if _, err := sample.Event("nothing"); err == nil || !strings.Contains(err.Error(), "sqs-fifo") {
		t.Error(errors.Join(errors.New("want the list of samples"), err))
	}
}
