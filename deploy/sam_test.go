package deploy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/apiphant/apiphant/deploy"
)

// lambdaOf returns the template for AWS Lambda as YAML has it. References are texts,
// "!Ref X" as "X".
func lambdaOf(t *testing.T, conf string, product deploy.Lambda) map[string]any {
	t.Helper()
	settings, err := deploy.ReadSettings(withConf(t, conf))
	if err != nil {
		t.Fatal(err)
	}
	rendered, err := settings.RenderLambda(product)
	if err != nil {
		t.Fatal(err)
	}
	var parsed map[string]any
	if err := yaml.Unmarshal(rendered, &parsed); err != nil {
		t.Fatalf("%v in\n%s", err, rendered)
	}
	return parsed
}

// in returns what is at a path of keys.
func in(t *testing.T, from any, path string) any {
	t.Helper()
	for key := range strings.SplitSeq(path, ".") {
		object, ok := from.(map[string]any)
		if !ok || object[key] == nil {
			t.Fatalf("there is no %s of %s in %v", key, path, from)
		}
		from = object[key]
	}
	return from
}

func keys(from any) map[string]bool {
	found := map[string]bool{}
	for key := range from.(map[string]any) {
		found[key] = true
	}
	return found
}

func TestLambdaTemplate(t *testing.T) {
	type set = map[string]bool
	type object = map[string]any
	everything := deploy.Lambda{API: true, Messages: true, Files: true, Jobs: true, QueueIsDatabase: true,
		Tasks: []deploy.LambdaTask{{Name: "CleanUp", Schedule: "0 3 * * *"}, {Name: "Clean up", Schedule: "30 6 * * 1-5 Europe/Berlin"}, {Name: "Tick", Schedule: "every 1s"}}}
	for _, test := range []struct {
		name      string
		product   deploy.Lambda
		resources set
		events    set
	}{
		{"an API", deploy.Lambda{API: true}, set{"Function": true}, set{"Requests": true}},
		{"an API with jobs in a database", deploy.Lambda{API: true, Jobs: true}, set{"Function": true}, set{"Requests": true}},
		{"messages alone", deploy.Lambda{Messages: true}, set{"Function": true, "Queue": true, "DeadLetters": true}, set{"Messages": true}},
		{"files alone", deploy.Lambda{Files: true}, set{"Function": true, "Bucket": true}, set{"Files": true}},
		{"everything", everything, set{"Function": true, "Queue": true, "DeadLetters": true, "Bucket": true},
			set{"Requests": true, "Messages": true, "Files": true, "TaskCleanUp": true, "TaskCleanup": true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			template := lambdaOf(t, "", test.product)
			if diff := cmp.Diff(keys(in(t, template, "Resources")), test.resources); diff != "" {
				t.Errorf("resources (got -, want +):\n%s", diff)
			}
			if diff := cmp.Diff(keys(in(t, template, "Resources.Function.Properties.Events")), test.events); diff != "" {
				t.Errorf("events (got -, want +):\n%s", diff)
			}
			function := in(t, template, "Resources.Function.Properties").(object)
			if got := fmt.Sprint(function["Runtime"], function["Architectures"], function["CodeUri"], function["Handler"]); got != "provided.al2023[arm64]shop.zipbootstrap" {
				t.Errorf("the function is %s", got)
			}
		})
	}

	template := lambdaOf(t, "TIMEOUT=2m30s\nMAX_BODY=2MiB\nFLAGS='--allow-origin=https://a.example --access-log --strict --max-running=7 --hosts b.example'\n", everything)
	for path, want := range map[string]any{
		"Resources.Function.Properties.Timeout": 151,
		"Resources.Function.Properties.Environment.Variables": object{"APIPHANT_TIMEOUT": "2m30s", "APIPHANT_MAX_BODY": "2MiB", "APIPHANT_ALLOW_ORIGIN": "https://a.example",
			"APIPHANT_ACCESS_LOG": "true", "APIPHANT_STRICT": "true", "APIPHANT_HOSTS": "b.example",
			"APIPHANT_DATABASE": "sqs://${AWS::Region}/${AWS::AccountId}/${Queue.QueueName}"},
		"Resources.Function.Properties.Events.Requests": object{"Type": "HttpApi"},
		"Resources.Function.Properties.Events.Messages.Properties": object{"Queue": "Queue.Arn", "BatchSize": 10,
			"FunctionResponseTypes": []any{"ReportBatchItemFailures"}},
		"Resources.Function.Properties.Events.Files.Properties.Bucket":                           "Bucket",
		"Resources.Function.Properties.Events.TaskCleanup.Properties.ScheduleExpression":         "cron(30 6 ? * MON,TUE,WED,THU,FRI *)",
		"Resources.Function.Properties.Events.TaskCleanup.Properties.ScheduleExpressionTimezone": "Europe/Berlin",
		"Resources.Function.Properties.Events.TaskCleanup.Properties.Input":                      `{"task":"Clean up"}`,
		"Resources.Queue.Properties.VisibilityTimeout":                                           906,
		"Resources.Queue.Properties.RedrivePolicy.maxReceiveCount":                               25,
		"Outputs.QueueURL.Value": "Queue",
	} {
		if diff := cmp.Diff(in(t, template, path), want); diff != "" {
			t.Errorf("%s (got -, want +):\n%s", path, diff)
		}
	}
	if got := in(t, lambdaOf(t, "TIMEOUT=0s", everything), "Resources.Function.Properties.Timeout"); got != 900 {
		t.Errorf("without a TIMEOUT the function has %v s", got)
	}
}

// A task's schedule becomes one of EventBridge, or a comment that says why not.
func TestLambdaSchedules(t *testing.T) {
	settings, err := deploy.ReadSettings(withConf(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ schedule, want string }{
		{"every 1m0s", "rate(1 minute)"},
		{"every 90m0s", "rate(90 minutes)"},
		{"every 1h0m0s", "rate(1 hour)"},
		{"every 48h0m0s", "rate(2 days)"},
		{"@every 5m", "rate(5 minutes)"},
		{"every 90s", "# Task T: every 1m30s is no number of minutes"},
		{"every 500ms", "# Task T: every 500ms is no number of minutes"},
		{"@daily", "cron(0 0 * * ? *)"},
		{"@weekly Europe/Berlin", "cron(0 0 ? * SUN *)"},
		{"*/15 8-18/5 1,15 jan-mar *", "cron(0,15,30,45 8,13,18 1,15 1,2,3 ? *)"},
		{"0 0 3 * * *", "cron(0 3 * * ? *)"},
		{"30 0 3 * * *", "# Task T: 30 0 3 * * * has seconds"},
		{"0 3 ? * sun,7,1", "cron(0 3 ? * SUN,MON *)"},
		{"0 3 * * 5-7", "cron(0 3 ? * SUN,FRI,SAT *)"},
		{"0 3 * * */2", "cron(0 3 ? * SUN,TUE,THU,SAT *)"},
		{"0 3 * * 0-6", "cron(0 3 * * ? *)"},
		{"10/20 3 * * * UTC", "cron(10,30,50 3 * * ? *)"},
		{"0 3 1 * 1", "# Task T: 0 3 1 * 1 has days of the month and of the week"},
		{"0 24 * * *", `# Task T: "24" is none of 0 to 23`},
	} {
		rendered, err := settings.RenderLambda(deploy.Lambda{API: true, Tasks: []deploy.LambdaTask{{Name: "T", Schedule: test.schedule}}})
		if err != nil || !strings.Contains(string(rendered), test.want) {
			t.Errorf("%s: want %s, got %v\n%s", test.schedule, test.want, err, rendered)
		}
	}
	lambdaOf(t, "", deploy.Lambda{Tasks: []deploy.LambdaTask{{Name: "T", Schedule: "every 1s"}}})
	hostile := deploy.LambdaTask{Name: "a: \"b\"\u2028 # {{c}}\n- d", Schedule: "every 1m0s"}
	template := lambdaOf(t, "", deploy.Lambda{Tasks: []deploy.LambdaTask{hostile, {Name: "x\n  y: z", Schedule: "every 1s"}}})
	if got, want := in(t, template, "Resources.Function.Properties.Events.Taskabcd.Properties.Input"), `{"task":"a: \"b\"\u2028 # {{c}}\n- d"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
