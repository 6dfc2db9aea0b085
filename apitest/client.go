package apitest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/apiphant/apiphant"
)

// The bounds of an answer: how long it is waited for, and its size.
const (
	timeout   = 30 * time.Second
	maxAnswer = 64 << 20
)

// Client sends requests to a product. The zero Client sends them to
// 127.0.0.1:8888. It follows no redirect and uses no proxy. An answer may take 30
// seconds and have 64 MiB. A Client may be copied, and used concurrently.
type Client struct {
	Host    string // "": 127.0.0.1
	Port    int    // 0: 8888
	Version string // "": v0
	Method  string // "": POST

	// Header is sent with each request. Without a Content-Type that is
	// application/json, or that of a [Form].
	Header http.Header

	base      string            // "": http://Host:Port
	transport http.RoundTripper // nil: a connection for each request
}

// Test is [Client.Test] of the zero Client, for a program: where the answer
// differs, it prints the difference to standard error and exits with 1.
func Test(target, action string, request any, status int, response any) {
	if code := run(os.Stderr, Client{}, target, action, request, status, response); code != 0 {
		os.Exit(code)
	}
}

func run(stderr io.Writer, client Client, target, action string, request any, status int, response any) int {
	if _, err := client.Test(target, action, request, status, response); err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}

// Test sends a request to /api/{version}/{target}/{action} and compares the answer
// with what is wanted. It prints both to standard output:
//
//	POST http://127.0.0.1:8888/api/v0/echo/read {"hello":"world"} --> 200 {"hello":"world","server":"myproduct"}
//
// The error says how the answer differs from status and response, or why there
// is no answer; only in the latter case is the Response nil.
func (c Client) Test(target, action string, request any, status int, response any) (*Response, error) {
	return printed(c.test(c.route(target, action, request), status, response))
}

// TestAddress is Test by a method and a path, with its query: "GET" and
// "/orders/7?lines=true". Without a request there is no body. [Client.Method] and
// [Client.Version] do not count. An answer without a body can be wanted as "".
func (c Client) TestAddress(method, path string, request any, status int, response any) (*Response, error) {
	return printed(c.test(question{method, path, request}, status, response))
}

func printed(got *Response, err error) (*Response, error) {
	if got != nil {
		fmt.Println(got.exchange)
	}
	return got, err
}

// question is what is asked: by which method and path, and with what.
type question struct {
	method, path string
	request      any
}

// route returns the question for an action of a target.
func (c Client) route(target, action string, request any) question {
	path := apiphant.PathPrefix + "/" + cmp.Or(c.Version, "v0") + "/" + target + "/" + action
	return question{cmp.Or(c.Method, http.MethodPost), path, request}
}

func (c Client) test(asked question, status int, response any) (*Response, error) {
	if !strings.HasPrefix(asked.path, "/") {
		return nil, fmt.Errorf("the path %q: want one that begins with /", asked.path)
	}
	want, err := text(response)
	if err != nil {
		return nil, fmt.Errorf("the response wanted, of type %T, is no JSON: %w", response, err)
	}
	got, err := c.ask(asked)
	if err != nil {
		return nil, err
	}
	return got, got.compare(status, want)
}

// ask sends one request and reads the whole answer.
func (c Client) ask(asked question) (*Response, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	answer, exchange, err := c.send(ctx, asked)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	read, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s, and then no whole answer: %w", exchange, err)
	case len(read) > maxAnswer:
		return nil, fmt.Errorf("%s, and more than %d MiB", exchange, maxAnswer>>20)
	}
	return &Response{Status: answer.StatusCode, Header: answer.Header, Body: read, exchange: exchange + spaced(string(read))}, nil
}

// send sends one request, and returns the answer when it begins, with the line that
// is printed for both.
func (c Client) send(ctx context.Context, asked question) (answer *http.Response, exchange string, err error) {
	sent, err := bodyOf(asked.request)
	if err != nil {
		return nil, "", err
	}
	url := c.url() + asked.path
	r, err := http.NewRequestWithContext(ctx, asked.method, url, bytes.NewReader(sent.content))
	if err != nil {
		return nil, "", err
	}
	r.Header.Set("Content-Type", sent.contentType)
	for name, values := range c.Header {
		r.Header[http.CanonicalHeaderKey(name)] = values
	}
	if answer, err = c.http().Do(r); err != nil {
		return nil, "", c.explain(err)
	}
	return answer, fmt.Sprintf("%s %s%s --> %d", asked.method, url, spaced(sent.shown), answer.StatusCode), nil
}

func spaced(body string) string {
	if body == "" {
		return ""
	}
	return " " + body
}

// http returns a client that neither follows redirects nor decompresses.
func (c Client) http() *http.Client {
	transport := c.transport
	if transport == nil {
		transport = &http.Transport{DisableCompression: true, DisableKeepAlives: true}
	}
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (c Client) url() string { return cmp.Or(c.base, "http://"+c.address()) }

func (c Client) address() string {
	return net.JoinHostPort(cmp.Or(c.Host, "127.0.0.1"), strconv.Itoa(cmp.Or(c.Port, 8888)))
}

func (c Client) explain(err error) error {
	if errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("nothing is served at %s (%w): start the product first, apiphant PATH %[1]s", c.address(), err)
	}
	return err
}
