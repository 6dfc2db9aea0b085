package lambdahttp

import (
	"cmp"
	"context"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// defaultRegion is the region where nothing names one.
const defaultRegion = "us-east-1"

// newClient returns a client of AWS that sends each request once: what failed may have
// run all the same.
func newClient(ctx context.Context, region, endpoint string, over http.RoundTripper) (*lambda.Client, error) {
	settings, err := config.LoadDefaultConfig(ctx, config.WithRegion(region))
	if err != nil {
		return nil, fmt.Errorf("lambdahttp: AWS's settings can't be read: %w", err)
	}
	settings.Region = cmp.Or(settings.Region, defaultRegion)
	return lambda.NewFromConfig(settings, func(o *lambda.Options) {
		o.Retryer = aws.NopRetryer{}
		o.HTTPClient = &http.Client{Transport: over}
		if endpoint != "" {
			o.BaseEndpoint = &endpoint
		}
	}), nil
}
