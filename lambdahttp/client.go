package lambdahttp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// defaultRegion is the region where nothing names one.
const defaultRegion = "us-east-1"

// client invokes functions by AWS's SDK.
type client struct {
	lambda *lambda.Client
	region string
}

// client returns what AWS's settings make, which are read once.
func (t *Transport) client(ctx context.Context) (*client, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.aws == nil {
		made, err := newClient(ctx, t.Region, t.Endpoint)
		if err != nil {
			return nil, err
		}
		t.aws = made
	}
	return t.aws, nil
}

// newClient returns a client that sends each request once: what has failed may have run
// all the same.
func newClient(ctx context.Context, region, endpoint string) (*client, error) {
	if endpoint != "" {
		if to, err := url.Parse(endpoint); err != nil || to.Host == "" || to.Scheme != "http" && to.Scheme != "https" {
			return nil, fmt.Errorf("lambdahttp: the endpoint is %q: want a URL such as http://127.0.0.1:9001", endpoint)
		}
	}
	from := credentials{isLocal: isLoopback(cmp.Or(endpoint, os.Getenv("AWS_ENDPOINT_URL_LAMBDA"), os.Getenv("AWS_ENDPOINT_URL")))}
	options := []func(*config.LoadOptions) error{config.WithRegion(region)}
	if from.isLocal {
		options = append(options, config.WithEC2IMDSClientEnableState(imds.ClientDisabled)) // who has none need not wait
	}
	settings, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("lambdahttp: AWS's settings can't be read: %w", err)
	}
	settings.Region = cmp.Or(settings.Region, defaultRegion)
	from.CredentialsProvider = settings.Credentials
	settings.Credentials = from
	made := lambda.NewFromConfig(settings, func(o *lambda.Options) {
		o.Retryer = aws.NopRetryer{}
		if endpoint != "" {
			o.BaseEndpoint = &endpoint
		}
	})
	return &client{made, settings.Region}, nil
}

// invoke sends an event to a function, and waits for what it returns.
func (c *client) invoke(ctx context.Context, over http.RoundTripper, f function, event []byte) (*result, error) {
	region := cmp.Or(f.region, c.region)
	input := &lambda.InvokeInput{FunctionName: &f.name, Payload: event}
	if f.qualifier != "" {
		input.Qualifier = &f.qualifier
	}
	output, err := c.lambda.Invoke(ctx, input, func(o *lambda.Options) {
		o.Region, o.HTTPClient = region, sender{over}
	})
	if err != nil {
		return nil, c.failure(f, region, err)
	}
	return &result{output.Payload, aws.ToString(output.FunctionError)}, nil
}

// errNoCredentials is the error where there are none to sign requests with.
var errNoCredentials = errors.New("lambdahttp: there are no credentials for AWS: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run aws configure")

// credentials are those that the SDK finds. An endpoint on this machine has nobody to ask
// for them, and takes any.
type credentials struct {
	aws.CredentialsProvider
	isLocal bool
}

func (c credentials) Retrieve(ctx context.Context) (aws.Credentials, error) {
	found, err := c.CredentialsProvider.Retrieve(ctx)
	if err == nil {
		return found, nil
	}
	if c.isLocal {
		return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}, nil
	}
	return found, fmt.Errorf("%w (%w)", errNoCredentials, err)
}

// isLoopback reports whether a URL is one of this machine.
func isLoopback(endpoint string) bool {
	to, err := url.Parse(endpoint)
	if err != nil {
		return false
	}
	address := net.ParseIP(to.Hostname())
	return to.Hostname() == "localhost" || address != nil && address.IsLoopback()
}

// errAnswer is the error for an answer that Lambda would not have sent.
var errAnswer = fmt.Errorf("its answer has more than the %d bytes that Lambda lets a function return", maxPayload)

// sender sends the requests of the SDK, follows no redirect, and bounds answers.
type sender struct{ over http.RoundTripper }

func (s sender) Do(r *http.Request) (*http.Response, error) {
	response, err := s.over.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	response.Body = &bounded{response.Body, maxPayload}
	return response, nil
}

// bounded is a body that may have so many more bytes. Once it had more it has ended: the
// SDK reads what is left of a body, and would do so for ever.
type bounded struct {
	io.ReadCloser
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, io.EOF
	}
	if len(p) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if b.left -= n; b.left < 0 {
		return 0, errAnswer
	}
	return n, err
}
