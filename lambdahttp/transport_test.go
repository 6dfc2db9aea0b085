package lambdahttp_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apiphant/apiphant/lambdahttp"
)

// TestRegion: the argument, two variables, the file, the default.
func TestRegion(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(file, []byte("[default]\nregion = eu-north-1\n\n[profile other]\nregion = eu-south-1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var region string
	endpoint := serve(t, func(call invocation) outcome {
		region = call.region
		return outcome{payload: `{"statusCode":204}`}
	})
	for _, test := range []struct {
		want, argument string
		environment    map[string]string
	}{
		{want: "us-east-1"},
		{want: "eu-north-1", environment: map[string]string{"AWS_CONFIG_FILE": file}},
		{want: "eu-south-1", environment: map[string]string{"AWS_CONFIG_FILE": file, "AWS_PROFILE": "other"}},
		{want: "us-west-1", environment: map[string]string{"AWS_CONFIG_FILE": file, "AWS_DEFAULT_REGION": "us-west-1"}},
		{want: "us-west-2", environment: map[string]string{"AWS_CONFIG_FILE": file, "AWS_DEFAULT_REGION": "us-west-1", "AWS_REGION": "us-west-2"}},
		{want: "sa-east-1", argument: "sa-east-1", environment: map[string]string{"AWS_REGION": "us-west-2"}},
	} {
		t.Run(test.want, func(t *testing.T) {
			for name, value := range test.environment {
				t.Setenv(name, value)
			}
			transport := &lambdahttp.Transport{Region: test.argument, Endpoint: endpoint}
			response, err := (&http.Client{Transport: transport}).Get("http+lambda://shop/")
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if region != test.want {
				t.Errorf("the request is signed for %s", region)
			}
		})
	}
}

// TestSettings: endpoint and credentials of the environment, with the zero Transport.
func TestSettings(t *testing.T) {
	var authorization string
	t.Setenv("AWS_ENDPOINT_URL_LAMBDA", serve(t, func(call invocation) outcome {
		authorization = call.request.Header.Get("Authorization")
		return outcome{payload: `{"statusCode":204}`}
	}))
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	response, err := lambdahttp.Client().Get("http+lambda://shop/")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if !strings.Contains(authorization, "Credential=AKIDEXAMPLE/") {
		t.Errorf("the request is signed by %q", authorization)
	}
}

func TestNoCredentials(t *testing.T) {
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	_, err := clientOf("https://lambda.example").Get("http+lambda://shop/")
	if err == nil || !strings.Contains(err.Error(), "set AWS_PROFILE") {
		t.Errorf("the error is %v", err)
	}
}

// TestRegister: other schemes pass through, and AWS is asked over the same transport.
func TestRegister(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "by http") }))
	defer other.Close()
	endpoint := serve(t, func(invocation) outcome { return outcome{payload: `{"statusCode":200,"body":"by lambda"}`} })
	proxied := 0
	on := &http.Transport{Proxy: func(*http.Request) (*url.URL, error) { proxied++; return nil, nil }}
	transport := &lambdahttp.Transport{Endpoint: endpoint}
	transport.Register(on)
	client := &http.Client{Transport: on}
	for address, want := range map[string]string{other.URL: "by http", "http+lambda://shop/": "by lambda"} {
		response, err := client.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		if body := read(t, response); body != want {
			t.Errorf("%s: got %q", address, body)
		}
	}
	if proxied != 2 {
		t.Errorf("the transport was asked %d times for a proxy, want 2", proxied)
	}
	if _, err := client.Get("gopher://shop/"); err == nil {
		t.Error("an unknown scheme is known")
	}
	defer func() {
		if recover() == nil {
			t.Error("registered twice, without a panic")
		}
	}()
	transport.Register(on)
}

// TestCancelled: the call ends with its context, wherever it is.
func TestCancelled(t *testing.T) {
	began, end := make(chan struct{}), make(chan struct{})
	defer close(end)
	client := clientOf(serve(t, func(invocation) outcome {
		close(began)
		<-end
		return outcome{}
	}))
	cause := errors.New("no longer wanted")
	for name, test := range map[string]struct {
		body io.Reader
		when <-chan struct{}
	}{
		"while the function runs":      {nil, began},
		"while the body is waited for": {silent{make(chan struct{}), make(chan struct{})}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(context.Background())
			when := test.when
			if body, ok := test.body.(silent); ok {
				when = body.asked
			}
			go func() {
				<-when
				cancel(cause)
			}()
			_, err := client.Do(newRequest(t, http.MethodPost, "http+lambda://shop/", test.body).WithContext(ctx))
			if !errors.Is(err, cause) {
				t.Errorf("the error is %v", err)
			}
		})
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := client.Do(newRequest(t, http.MethodGet, "http+lambda://shop/", nil).WithContext(ctx)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled before: the error is %v", err)
	}
}

// silent is a body that never comes.
type silent struct{ asked, closed chan struct{} }

func (s silent) Read([]byte) (int, error) {
	close(s.asked)
	<-s.closed
	return 0, io.ErrClosedPipe
}

func (s silent) Close() error {
	select {
	case <-s.closed:
	default:
		close(s.closed)
	}
	return nil
}

// TestDeadline: a time-out of net/http's client is one here, too.
func TestDeadline(t *testing.T) {
	end := make(chan struct{})
	defer close(end)
	client := clientOf(serve(t, func(invocation) outcome {
		<-end
		return outcome{}
	}))
	client.Timeout = 20 * time.Millisecond
	_, err := client.Get("http+lambda://shop/")
	var timeout interface{ Timeout() bool }
	if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("the error is %v", err)
	}
}

// TestBounds: what Lambda takes is sent, what it doesn't is not; nor is more read of an
// answer. Bodies are closed.
func TestBounds(t *testing.T) {
	const most = 6 << 20
	client := clientOf(serve(t, func(call invocation) outcome {
		if len(call.payload) > most {
			t.Errorf("an event has %d bytes", len(call.payload))
		}
		if call.function == "large" {
			return outcome{payload: `{"statusCode":200,"body":"` + strings.Repeat("a", most) + `"}`}
		}
		return outcome{payload: `{"statusCode":200}` + strings.Repeat(" ", most-18)}
	}))
	for _, test := range []struct {
		name, url string
		size      int
		known     bool // the length of the body
		want      string
	}{
		{"the largest answer", "http+lambda://shop/", 0, true, ""},
		{"a large request", "http+lambda://shop/", most - 2000, true, ""},
		{"a larger one", "http+lambda://shop/", most - 10, true, "too large for Lambda"},
		{"one that says so", "http+lambda://shop/", most + 1, true, "more than the body's 6291457 bytes"},
		{"one that doesn't", "http+lambda://shop/", 2 * most, false, "too large for Lambda"},
		{"a larger answer", "http+lambda://large/", 0, true, "more than the 6291456 bytes that Lambda lets a function return"},
		{"a wrong length", "http+lambda://shop/", -1, true, "has 0 bytes where its length says 5"},
		{"a wrong URL", "http+lambda://a.b.c/", 1, true, "names no function"},
	} {
		t.Run(test.name, func(t *testing.T) {
			body := &closing{Reader: strings.NewReader(strings.Repeat("a", max(test.size, 0)))}
			request := newRequest(t, http.MethodPost, test.url, body)
			if test.known {
				request.ContentLength = int64(test.size)
			}
			if test.size < 0 {
				request.ContentLength = 5
			}
			response, err := client.Do(request)
			if err == nil {
				response.Body.Close()
			}
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("the error is %v, want %q", err, test.want)
			}
			if !body.closed {
				t.Error("the body was not closed")
			}
		})
	}
}

type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error { c.closed = true; return nil }

// TestNothingIsLeft: many at once, and then no goroutine more than before.
func TestNothingIsLeft(t *testing.T) {
	endpoint := serve(t, func(call invocation) outcome {
		return outcome{payload: `{"statusCode":200,"body":"` + call.function + `"}`}
	})
	before := runtime.NumGoroutine()
	transport := &lambdahttp.Transport{Endpoint: endpoint}
	registered := lambdahttp.Client()
	t.Setenv("AWS_ENDPOINT_URL", endpoint)
	var all sync.WaitGroup
	for i := range 64 {
		client := &http.Client{Transport: transport}
		if i%2 == 1 {
			client = registered
		}
		all.Go(func() {
			response, err := client.Post("http+lambda://shop/", "text/plain", strings.NewReader("hello"))
			if err != nil {
				t.Error(err)
				return
			}
			if body := read(t, response); body != "shop" {
				t.Errorf("got %q", body)
			}
		})
	}
	all.Wait()
	(&http.Client{Transport: transport}).CloseIdleConnections()
	registered.CloseIdleConnections()
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines before, now:\n%s", before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}
