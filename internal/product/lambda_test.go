package product

import (
	"go/format"
	"strings"
	"testing"
)

// The main names the door for AWS Lambda where that is asked for, and nothing of
// api/events where it is not.
func TestLambdaMain(t *testing.T) {
	files := map[string]string{
		"api/v0/echo/echo.go": "package echo\n\nfunc Read() (int, error) { return 1, nil }\n",
	}
	const door, imported = "\t\t\tserve.Door{},\n\t\t\tlambda.Door{", "\"github.com/apiphant/apiphant/program/lambda\"\n"
	check := func(forLambda bool, want, not []string) {
		t.Helper()
		p, err := scanFiles(t, tableOf(), files)
		if err != nil {
			t.Fatal(err)
		}
		if forLambda {
			p = p.withLambda()
		}
		source, err := format.Source(p.source(false))
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range want {
			if !strings.Contains(string(source), text) {
				t.Errorf("want in the main:\n%s\ngot\n%s", text, source)
			}
		}
		for _, text := range not {
			if strings.Contains(string(source), text) {
				t.Errorf("want %q not in the main:\n%s", text, source)
			}
		}
	}
	check(true, []string{door + "},\n", imported}, []string{"api_events"})
	check(false, []string{"Doors: []program.Door{serve.Door{}},\n"}, []string{"lambda"})

	files["api/events/events.go"] = "package events\n\nimport (\n\t\"context\"\n\n\t\"github.com/apiphant/apiphant/lambda\"\n)\n\n" +
		"func Event(ctx context.Context, event lambda.Event) (any, error) { return nil, nil }\n"
	check(true, []string{door + "\n\t\t\t\tEvent: api_events.Event,\n\t\t\t},\n", imported}, nil)
	check(false, []string{"Doors: []program.Door{serve.Door{}},\n"}, []string{"lambda", "api_events"})

	delete(files, "api/v0/echo/echo.go") // events alone
	check(true, []string{"\t\t\tlambda.Door{\n\t\t\t\tEvent: api_events.Event,\n"}, []string{"serve.Door"})
	check(false, nil, []string{"lambda", "serve.Door"})

	files["api/events/events.go"] = "package events\n\nfunc Event(event []byte) {}\n"
	const want = "Event is a func(event []byte): it must be a func(ctx context.Context, event lambda.Event) (any, error)"
	if _, err := scanFiles(t, tableOf(), files); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}

	files = map[string]string{"api/v0/echo/echo.go": "package echo\n\nfunc Read() (int, error) { return 1, nil }\n", "api/events/events.go": "package events\n\nfunc Handle() {}\n"}
	if p, err := scanFiles(t, tableOf(), files); err != nil || len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], "want one of Message, File, Event") {
		t.Errorf("got %+v, %v, want a warning", p, err)
	}
}
