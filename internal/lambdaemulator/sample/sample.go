// Package sample has an event of each kind that a function of Lambda is sent, as AWS
// writes them.
package sample

import (
	"embed"
	"fmt"
	"strings"
)

//go:embed events/*.json
var events embed.FS

// Kind is a kind of event.
type Kind struct{ Name, About string }

// Kinds returns all kinds.
func Kinds() []Kind {
	return []Kind{
		{"api-1.0", "a request, of a REST API (payload 1.0)"},
		{"api-2.0", "a request, of an HTTP API (payload 2.0)"},
		{"url", "a request, of a function URL"},
		{"alb", "a request, of a load balancer"},
		{"alb-multi", "a request, of a load balancer with lists of values"},
		{"sqs", "two messages of a queue"},
		{"sqs-fifo", "three messages of a FIFO queue, in two groups"},
		{"s3", "a file that was put into a bucket"},
		{"s3-removed", "a file that was removed from one"},
		{"schedule", "a schedule whose rule is called CleanUp"},
		{"task", "a schedule whose input is {\"task\": \"CleanUp\"}"},
		{"eventbridge", "an event of EventBridge"},
		{"sns", "a message of a topic of SNS"},
		{"warm-up", "a ping that keeps instances alive"},
	}
}

// Event returns the event of the kind that is called name. An error lists all kinds.
func Event(name string) ([]byte, error) {
	for _, kind := range Kinds() {
		if kind.Name == name {
			return events.ReadFile("events/" + name + ".json")
		}
	}
	return nil, fmt.Errorf("there is no sample %q: want one of\n\n%s", name, List())
}

// List returns a line for each kind.
func List() string {
	var list strings.Builder
	for _, kind := range Kinds() {
		fmt.Fprintf(&list, "  %-12s %s\n", kind.Name, kind.About)
	}
	return list.String()
}
