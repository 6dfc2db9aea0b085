package lambdahttp

import (
	"context"
	"errors"
	"net/http"
	"sync"
)

// Scheme is the scheme of the URLs whose host is a Lambda function.
const Scheme = "http+lambda"

// Transport is an [http.RoundTripper] that invokes Lambda functions. Its zero value works
// where AWS's command line does. It may be used by several goroutines at the same time;
// its fields must not change after the first request.
type Transport struct {
	// Region is where the functions are, such as "eu-central-1". "": that of AWS_REGION,
	// else of AWS_DEFAULT_REGION, else of the profile in AWS's configuration file, else
	// us-east-1. An ARN names its own.
	Region string

	// Endpoint is the URL of the Lambda to ask, such as "http://127.0.0.1:9001". "": that
	// of AWS_ENDPOINT_URL_LAMBDA, else of AWS_ENDPOINT_URL, else of the configuration
	// file, else AWS's in the region. One on a loopback address needs no credentials.
	Endpoint string

	mutex sync.Mutex
	aws   *client         // made for the first request
	over  *http.Transport // for requests that no other one was registered on for
}

// RoundTrip invokes the function that is the host of the request's URL, once, and returns
// its answer.
//
// The answer is 502 Bad Gateway, with a text that says why, where the function has failed
// and where what it has returned is no answer to a gateway. An error is returned where
// there is no answer of the function at all: [*Error] for what Lambda refuses, the cause
// of the context's end, a network's error. Only after an Error with the code NotFound,
// AccessDenied, Throttled or TooLarge is it certain that the function has not run.
//
// RoundTrip reads all of the request's body, and closes it. When the context ends, it no
// longer waits; the function runs on.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	return t.roundTrip(r, t.own())
}

// Register adds the scheme to on, which goes on to serve its others. Connections, proxy
// and certificates for the requests to AWS are those of on.
//
// A transport takes a scheme once: Register panics the second time, as
// [http.Transport.RegisterProtocol] does. What on.Clone returns does not have it.
func (t *Transport) Register(on *http.Transport) {
	on.RegisterProtocol(Scheme, registered{t, on})
}

// registered is a Transport that sends over another one.
type registered struct {
	*Transport
	over *http.Transport
}

func (r registered) RoundTrip(request *http.Request) (*http.Response, error) {
	return r.roundTrip(request, r.over)
}

// CloseIdleConnections closes the connections to AWS that no request is on.
// [http.Client.CloseIdleConnections] calls it.
func (t *Transport) CloseIdleConnections() { t.own().CloseIdleConnections() }

// Client returns a new client for functions, with all defaults, which takes URLs of http
// and https, too.
func Client() *http.Client {
	over := newHTTP()
	new(Transport).Register(over)
	return &http.Client{Transport: over}
}

// own returns the transport for requests that come by RoundTrip.
func (t *Transport) own() *http.Transport {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.over == nil {
		t.over = newHTTP()
	}
	return t.over
}

// newHTTP returns a transport like net/http's default one. All functions of a region
// have the same host: connections to it are kept for later requests.
func newHTTP() *http.Transport {
	over := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}
	if standard, ok := http.DefaultTransport.(*http.Transport); ok {
		over = standard.Clone()
	}
	over.MaxIdleConnsPerHost = 100
	return over
}

func (t *Transport) roundTrip(r *http.Request, over http.RoundTripper) (*http.Response, error) {
	if r.URL == nil {
		closeBody(r)
		return nil, errors.New("lambdahttp: the request has no URL")
	}
	asked, err := parseFunction(r.URL)
	if err != nil {
		closeBody(r)
		return nil, err
	}
	event, err := newEvent(r)
	if err != nil {
		return nil, because(r.Context(), err)
	}
	to, err := t.client(r.Context())
	if err != nil {
		return nil, because(r.Context(), err)
	}
	result, err := to.invoke(r.Context(), over, asked, event)
	if err != nil {
		return nil, because(r.Context(), err)
	}
	return result.response(r), nil
}

// because returns why a request has failed: the end of its context, or else err.
func because(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func closeBody(r *http.Request) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
}
