package deploy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"text/template"

	"github.com/apiphant/apiphant/server"
	"github.com/apiphant/apiphant/templates"
)

// LambdaName is the name by which deploy render knows the template for AWS Lambda.
const LambdaName = "lambda"

// Lambda is what a product has for AWS Lambda.
type Lambda struct {
	API      bool // functions to be called
	Messages bool // a function Message
	Files    bool // a function File
	Jobs     bool
	Tasks    []LambdaTask

	// QueueIsDatabase says that the product can keep its jobs in SQS.
	QueueIsDatabase bool
}

// LambdaTask is a task with its schedule, as background --list prints it.
type LambdaTask struct{ Name, Schedule string }

// The bounds of a function's Timeout, in seconds, which are Lambda's, and of a queue's.
const (
	mostTimeout       = 900
	visibilityFactor  = 6
	secondsToAnswerIn = 1 // after the end of a call, before that of the function
)

// samTemplate is the data of the template for AWS Lambda.
type samTemplate struct {
	Settings
	Product     Lambda
	Schedules   []samSchedule
	Variables   []samVariable
	Meaningless []string // flags
}

type samVariable struct{ Name, Value string }

// samSchedule is a task as EventBridge runs it, or why it can't.
type samSchedule struct {
	ID, Expression, Zone, Input string

	Comment string // its name, for a comment
	Problem string // "": none
}

// RenderLambda returns a template of AWS SAM, which makes all that the product needs on
// AWS Lambda: the function, an HTTP API, a queue, a bucket and schedules. Settings of
// deploy.conf that mean something there become variables.
func (s Settings) RenderLambda(product Lambda) ([]byte, error) {
	data := samTemplate{Settings: s, Product: product}
	data.addVariables()
	taken := map[string]bool{"Requests": true, "Messages": true, "Files": true}
	for _, task := range product.Tasks {
		data.Schedules = append(data.Schedules, schedule(task, taken))
	}
	const file = "deploy/lambda.yaml.tmpl"
	content, err := templates.Files.ReadFile(file)
	if err != nil {
		return nil, err
	}
	parsed, err := template.New(file).Funcs(template.FuncMap{"json": jsonText}).Parse(string(content))
	if err != nil {
		return nil, err
	}
	var rendered bytes.Buffer
	err = parsed.Execute(&rendered, data)
	return rendered.Bytes(), err
}

// jsonText returns a text as JSON, which YAML reads alike.
func jsonText(text string) (string, error) {
	encoded, err := json.Marshal(text)
	return string(encoded), err
}

// HasQueue reports whether there is something for a queue.
func (t samTemplate) HasQueue() bool {
	return t.Product.Messages || t.Product.Jobs && t.Product.QueueIsDatabase
}

// HasEvents reports whether there is anything that calls the function.
func (t samTemplate) HasEvents() bool {
	scheduled := slices.ContainsFunc(t.Schedules, func(s samSchedule) bool { return s.Problem == "" })
	return t.Product.API || t.HasQueue() || t.Product.Files || scheduled
}

// FunctionTimeout returns how long Lambda lets the function run, in seconds.
func (t samTemplate) FunctionTimeout() int {
	if t.Timeout == 0 {
		return mostTimeout
	}
	return min(int(math.Ceil(t.Timeout.Seconds()))+secondsToAnswerIn, mostTimeout)
}

// VisibilityTimeout returns how long the queue keeps back what Lambda has got, in seconds.
func (t samTemplate) VisibilityTimeout() int { return visibilityFactor * t.FunctionTimeout() }

// onLambda are the flags of serve that mean something on Lambda.
var onLambda = []string{"access-log", "accept-gzip", "allow-origin", "hosts", "log", "strict", "stream-timeout"}

// addVariables makes environment variables of the settings.
func (t *samTemplate) addVariables() {
	t.Variables = []samVariable{{"APIPHANT_TIMEOUT", t.Timeout.String()}}
	if t.MaxBody != server.DefaultMaxBody {
		t.Variables = append(t.Variables, samVariable{"APIPHANT_MAX_BODY", t.MaxBody.String()})
	}
	for i := 0; i < len(t.Flags); i++ {
		name, value, set := strings.Cut(strings.TrimLeft(t.Flags[i], "-"), "=")
		switch {
		case set:
		case i+1 < len(t.Flags) && !strings.HasPrefix(t.Flags[i+1], "-"):
			i++
			value = t.Flags[i]
		default:
			value = "true"
		}
		if !slices.Contains(onLambda, name) {
			t.Meaningless = append(t.Meaningless, "--"+name)
			continue
		}
		variable := "APIPHANT_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
		t.Variables = append(t.Variables, samVariable{variable, value})
	}
}

// schedule returns a task for EventBridge.
func schedule(task LambdaTask, taken map[string]bool) samSchedule {
	comment := strings.Map(func(r rune) rune {
		if r < ' ' {
			return -1
		}
		return r
	}, task.Name)
	expression, zone, err := eventBridge(task.Schedule)
	if err != nil {
		return samSchedule{Comment: comment, Problem: err.Error()}
	}
	input, _ := json.Marshal(map[string]string{"task": task.Name}) // a text
	made := samSchedule{ID: "Task" + alphanumeric(task.Name), Expression: expression, Zone: zone, Input: string(input), Comment: comment}
	for base, n := made.ID, 2; taken[made.ID]; n++ {
		made.ID = fmt.Sprint(base, n)
	}
	taken[made.ID] = true
	return made
}

// alphanumeric returns the letters and digits of a text: CloudFormation takes no others.
func alphanumeric(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, text)
}
