package cli

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/apiphant/apiphant/internal/command"
	"github.com/apiphant/apiphant/internal/lambdaemulator"
	"github.com/apiphant/apiphant/internal/lambdaemulator/gateway"
	"github.com/apiphant/apiphant/internal/lambdaemulator/sample"
	"github.com/apiphant/apiphant/server"
)

// lambdaFlags are those of the command lambda.
type lambdaFlags struct {
	function lambdaemulator.Settings
	gateway  gateway.Kind
	payload  string
	event    string // a file, or "-"
	sample   string // the name of a kind
	reload   bool
	poll     time.Duration
}

func lambdaCommand() *cobra.Command {
	f := &lambdaFlags{}
	cmd := &cobra.Command{
		Use:   "lambda PATH HOST:PORT",
		Short: "Run the product as AWS Lambda does, on this machine",
		Long: `Run the program that apiphant package PATH --lambda packs, as AWS Lambda does: instances
start when calls come, each with one call at a time, and are stopped between calls. One
that takes longer than --timeout, needs more than --memory, or ends, fails its call as at
Lambda, and the next call has a new instance. --help of package says which functions
events reach.

HOST:PORT answers as two services of AWS:

    any path                                  the gateway of --payload: each request becomes
                                              an event, and the answer a response
    /2015-03-31/functions/NAME/invocations    Lambda's Invoke API, for AWS's command line and
                                              SDKs with --endpoint-url http://HOST:PORT; any
                                              credentials, any alias

The function's log goes to standard error, with the line that Lambda logs for each call:
how long it took, what is billed, the memory, and whether the instance was cold.

With --event, one event is answered on standard output. The exit status is 1 if the
function failed, answered with a status of 400 or more, or reported failed messages.

The environment is this one's, with Lambda's variables over it: APIPHANT_LOG=text makes
the log readable, AWS_REGION is the region. The limit of memory needs Linux.`,
		Example: `  apiphant lambda myproduct 127.0.0.1:9001 --reload
  curl -d '{"hello": "world"}' http://127.0.0.1:9001/api/v0/echo/read

  apiphant lambda --sample sqs > event.json       # --sample alone lists the kinds
  apiphant lambda myproduct --event event.json
  aws lambda invoke --endpoint-url http://127.0.0.1:9001 --function-name myproduct \
      --payload fileb://event.json answer.json`,
		Args: func(_ *cobra.Command, args []string) error { return f.checkArguments(args) },
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(args); err != nil {
				return err
			}
			switch {
			case f.sample != "":
				return printSample(cmd, f.sample)
			case f.event != "":
				return answerEvent(cmd, args[0], f)
			}
			if _, err := server.ParseAddress(args[1]); err != nil {
				return command.UsageError{Err: err}
			}
			return serveLambda(cmd, args[0], args[1], f)
		},
	}
	f.add(cmd.Flags())
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		var missing *pflag.ValueRequiredError
		if errors.As(err, &missing) && missing.GetSpecifiedName() == "sample" {
			fmt.Fprint(cmd.OutOrStdout(), sample.List())
			return command.ExitStatus(command.ExitOK)
		}
		return command.UsageError{Err: err}
	})
	return cmd
}

func (f *lambdaFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.payload, "payload", "2.0", "the `gateway` that HOST:PORT is: 1.0 for a REST API, 2.0 for an HTTP API, alb for a load balancer, url for a function URL")
	flags.DurationVar(&f.function.Timeout, "timeout", 30*time.Second, "how long a call may take until the function is killed")
	flags.IntVar(&f.function.Memory, "memory", 512, "how much memory an instance may have, in `MB`")
	flags.IntVar(&f.function.Instances, "instances", 10, "how many calls may run at once; more are refused as at Lambda")
	flags.StringVar(&f.function.Name, "name", "", "the function's `name`; by default the product's")
	flags.StringVar(&f.event, "event", "", "answer the event in this `file`, - for standard input, and exit")
	flags.StringVar(&f.sample, "sample", "", "print a sample of an event of this `kind`; without one, list the kinds")
	flags.BoolVar(&f.reload, "reload", false, "build anew when a file is saved; calls that run go on")
	flags.DurationVar(&f.poll, "reload-poll", 0, "--reload that looks at the files that often, where no events of files come: 1s")
	command.ShowEnvironment(flags)
}

// checkArguments checks how many arguments there are, which depends on the flags.
func (f *lambdaFlags) checkArguments(args []string) error {
	want := []string{"PATH", "HOST:PORT"}
	switch {
	case f.sample != "":
		want = nil
	case f.event != "":
		want = want[:1]
	}
	return command.Arguments(want...)(nil, args)
}

// check checks the flags, and completes the settings of the function.
func (f *lambdaFlags) check(args []string) (err error) {
	usage := func(format string, values ...any) error {
		return command.UsageError{Err: fmt.Errorf(format, values...)}
	}
	if f.gateway, err = gateway.Parse(f.payload); err != nil {
		return usage("--payload: %w", err)
	}
	s := &f.function
	switch {
	case s.Timeout <= 0 || s.Timeout > 15*time.Minute:
		return usage("--timeout is %s: want more than 0, and 15m at most", s.Timeout)
	case s.Memory < 128 || s.Memory > 10240:
		return usage("--memory is %d: want 128 to 10240, in MB", s.Memory)
	case s.Instances < 1 || s.Instances > 1000:
		return usage("--instances is %d: want 1 to 1000", s.Instances)
	case f.poll < 0:
		return usage("--reload-poll is %s: want 0 or more", f.poll)
	case s.Name != "" && !functionName.MatchString(s.Name):
		return usage("--name is %q: want up to 64 letters, digits, - and _", s.Name)
	}
	if s.Name == "" && len(args) > 0 {
		s.Name = functionNameOf(args[0])
	}
	s.Region = cmp.Or(os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"), "us-east-1")
	f.reload = f.reload || f.poll > 0
	return nil
}

var functionName = regexp.MustCompile(`^[a-zA-Z0-9-_]{1,64}$`)

// functionNameOf returns the name of a product's function: that of its folder, with - for
// what no function can be called.
func functionNameOf(path string) string {
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	if found, err := filepath.EvalSymlinks(path); err == nil {
		path = found
	}
	name := regexp.MustCompile(`[^a-zA-Z0-9-_]`).ReplaceAllString(filepath.Base(path), "-")
	return name[:min(len(name), 64)]
}

func printSample(cmd *cobra.Command, kind string) error {
	event, err := sample.Event(kind)
	if err != nil {
		return command.UsageError{Err: err}
	}
	_, err = cmd.OutOrStdout().Write(event)
	return err
}
