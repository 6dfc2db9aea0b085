package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/apiphant/apiphant/internal/command"
	"github.com/apiphant/apiphant/lambdahttp"
)

// defaultCallTimeout is how long an answer may take.
const defaultCallTimeout = 30 * time.Second

// call is what was typed.
type call struct {
	url     string
	data    *string // nil: no body
	method  string  // "": POST with data, else GET
	headers []string
	timeout time.Duration // of the answer, or of the beginning of a stream; 0: none
}

func callCommand() *cobra.Command {
	asked, data := call{}, ""
	cmd := &cobra.Command{
		Use:   "call URL",
		Short: "Ask a server, or a function of AWS Lambda, and print its answer",
		Long: `Ask what is at URL, and print the body of its answer: on a terminal indented, if it is
JSON, with the status before it on standard error; in a pipe as it came. Streams of rows
and events are printed as they come.

URL is one of http, https or http+lambda. The last one asks a function of AWS Lambda without
a gateway: http+lambda://FUNCTION/path, where FUNCTION is a name, NAME:ALIAS or an ARN. AWS's
own variables say who asks and whom: AWS_PROFILE, AWS_REGION, and AWS_ENDPOINT_URL_LAMBDA for
a Lambda on this machine.

With --data the method is POST, and the body is sent as application/json where --header
names no other type.

The exit status is 0 after an answer from 200 to 399, 1 after another one or none, 2 for
wrong usage. Redirections are not followed.`,
		Example: `  apiphant call http://127.0.0.1:8001/api/v0/echo/read -d '{"hello": "world"}'
  apiphant call http://127.0.0.1:8001/items/7 -X PATCH -H 'Authorization: Bearer TOKEN' -d @item.json
  AWS_ENDPOINT_URL_LAMBDA=http://127.0.0.1:9001 apiphant call http+lambda://shop/api/v0/echo/read -d '{}'`,
		Args: command.Arguments("URL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			asked.url = args[0]
			if cmd.Flags().Changed("data") {
				asked.data = &data
			}
			if asked.timeout < 0 {
				return command.UsageError{Err: fmt.Errorf("--timeout is %s: want 0 or more", asked.timeout)}
			}
			return asked.run(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVarP(&data, "data", "d", "", "the `body`: text, @FILE, or - for standard input")
	cmd.Flags().StringVarP(&asked.method, "method", "X", "", "the `method`; POST with --data, else GET")
	cmd.Flags().StringArrayVarP(&asked.headers, "header", "H", nil, "a `header`, 'Name: value'; may be given more than once")
	cmd.Flags().DurationVar(&asked.timeout, "timeout", defaultCallTimeout, "how long the answer may take, or a stream to begin; 0: no limit")
	command.ShowEnvironment(cmd.Flags())
	return cmd
}

// run asks, and prints the answer.
func (c call) run(ctx context.Context, stdin io.Reader, stdout, stderr io.Writer) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	request, err := c.request(ctx, stdin)
	if err != nil {
		return err
	}
	defer request.Body.Close()
	late := time.AfterFunc(c.timeout, func() { cancel(errLate) })
	defer late.Stop()
	if c.timeout == 0 {
		late.Stop()
	}
	client := lambdahttp.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	began := time.Now()
	answer, err := client.Do(request)
	if err != nil {
		return c.explain(request.URL, err)
	}
	defer answer.Body.Close()
	if isStream(answer) {
		late.Stop()
	}
	return c.explain(request.URL, printAnswer(ctx, answer, time.Since(began), stdout, stderr))
}

// request returns the request that was typed. Its body is never nil.
func (c call) request(ctx context.Context, stdin io.Reader) (*http.Request, error) {
	address, err := parseCallURL(c.url)
	if err != nil {
		return nil, command.UsageError{Err: err}
	}
	method := c.method
	if method == "" && c.data != nil {
		method = http.MethodPost
	}
	request, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		return nil, command.UsageError{Err: err}
	}
	request.Header.Set("User-Agent", "apiphant")
	if c.data != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	for _, header := range c.headers {
		name, value, ok := strings.Cut(header, ":")
		if name = strings.TrimSpace(name); !ok || name == "" {
			return nil, command.UsageError{Err: fmt.Errorf("--header is %q: want 'Name: value'", header)}
		}
		setHeader(request, name, strings.TrimSpace(value))
	}
	request.Body = http.NoBody
	return request, c.setBody(request, stdin)
}

// setHeader adds a header that was typed, which takes the place of one of our own.
func setHeader(request *http.Request, name, value string) {
	switch http.CanonicalHeaderKey(name) {
	case "Host":
		request.Host = value
	case "Content-Type", "User-Agent":
		request.Header.Set(name, value)
	default:
		request.Header.Add(name, value)
	}
}

// setBody gives a request its body, which is read while it is sent.
func (c call) setBody(request *http.Request, stdin io.Reader) error {
	switch {
	case c.data == nil:
	case *c.data == "-":
		request.Body, request.ContentLength = io.NopCloser(stdin), -1
	case strings.HasPrefix(*c.data, "@"):
		file, err := os.Open((*c.data)[1:])
		if err != nil {
			return err
		}
		request.Body, request.ContentLength = file, -1
		if about, err := file.Stat(); err == nil && about.Mode().IsRegular() {
			request.ContentLength = about.Size()
		}
		if request.ContentLength == 0 {
			request.Body = http.NoBody
			return file.Close()
		}
	case *c.data != "":
		request.Body, request.ContentLength = io.NopCloser(strings.NewReader(*c.data)), int64(len(*c.data))
	}
	return nil
}

// parseCallURL returns a URL as net/url takes it: of a function's name with colons, too.
func parseCallURL(typed string) (string, error) {
	const want = "want a URL such as http://127.0.0.1:8001/api/v0/echo/read or http+lambda://FUNCTION/path"
	scheme, rest, ok := strings.Cut(typed, "://")
	switch scheme = strings.ToLower(scheme); {
	case !ok:
		return "", fmt.Errorf("%q has no scheme: %s", typed, want)
	case scheme == lambdahttp.Scheme:
		at := strings.IndexAny(rest+"/", "/?")
		if at == 0 {
			return "", fmt.Errorf("%q names no function: %s", typed, want)
		}
		return lambdahttp.URL(rest[:at], rest[at:]), nil
	case scheme != "http" && scheme != "https":
		return "", fmt.Errorf("there is no asking by %q: %s", scheme, want)
	}
	if address, err := url.Parse(typed); err != nil || address.Host == "" {
		return "", fmt.Errorf("%q is no URL: %s", typed, want)
	}
	return typed, nil
}

// errLate is the cause of the end of a call whose answer did not come in time.
var errLate = errors.New("no answer in time")

// explain adds to the error of a call what to do.
func (c call) explain(address *url.URL, err error) error {
	var wrapped *url.Error
	var unknown *net.DNSError
	if errors.As(err, &wrapped) {
		err = wrapped.Err // the URL was typed a moment ago
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errLate):
		return fmt.Errorf("%s has not answered within %s: --timeout 2m waits longer", address.Host, c.timeout)
	case address.Scheme == lambdahttp.Scheme && errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%w: is the Lambda running that AWS_ENDPOINT_URL_LAMBDA names?", err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("nothing listens at %s: is the server running? apiphant PATH HOST:PORT starts one", address.Host)
	case errors.As(err, &unknown):
		return fmt.Errorf("the host %s is not found: check the URL, and the network (%w)", unknown.Name, err)
	}
	return err
}
