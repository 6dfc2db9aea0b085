package sqs

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"

	"github.com/apiphant/apiphant/database"
)

// driver opens queues as the database of a program.
type driver struct{}

func (driver) Schemes() []string { return []string{"sqs"} }

// Open implements [database.Driver].
func (driver) Open(ctx context.Context, url string) (database.DB, error) {
	p, err := parseURL(url)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	settings, err := config.LoadDefaultConfig(ctx, config.WithRegion(p.region), config.WithLogger(logging.Nop{})) // its errors are returned, too
	if err != nil {
		return nil, err
	}
	if _, err := settings.Credentials.Retrieve(ctx); err != nil { // which are kept
		return nil, fmt.Errorf("there are no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (for a stand-in to anything), or AWS_PROFILE: %w", err)
	}
	c := &connection{place: p, client: sqs.NewFromConfig(settings, func(o *sqs.Options) {
		if p.endpoint != "" {
			o.BaseEndpoint = &p.endpoint
		}
	})}
	base := aws.ToString(c.client.Options().BaseEndpoint) // that of the URL, or of AWS's settings
	if base == "" {
		resolved, err := sqs.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, sqs.EndpointParameters{Region: &p.region})
		if err != nil {
			return nil, err
		}
		base = resolved.URI.String()
	}
	c.url = strings.TrimSuffix(base, "/") + "/" + p.account + "/" + p.name
	return c, c.look(ctx)
}

// openTimeout bounds how long AWS may take to answer at the start.
const openTimeout = 10 * time.Second

// connection is a queue as the database of a program.
type connection struct {
	place
	client *sqs.Client
	url    string // of the queue, as SQS has it

	maxSize    int           // of a message, in bytes
	visibility time.Duration // how long a message that was handed out stays away
}

func (c *connection) Driver() database.Driver { return driver{} }

// look finds out whether the queue is there, and what it is like.
func (c *connection) look(ctx context.Context) error {
	found, err := c.attributes(ctx, types.QueueAttributeNameVisibilityTimeout, types.QueueAttributeNameMaximumMessageSize)
	if err != nil {
		return err
	}
	c.maxSize = maxMessage
	if bytes := found[types.QueueAttributeNameMaximumMessageSize]; bytes > 0 {
		c.maxSize = bytes
	}
	c.visibility = time.Duration(found[types.QueueAttributeNameVisibilityTimeout]) * time.Second
	return nil
}

// attributes asks SQS for attributes of the queue that are numbers.
func (c *connection) attributes(ctx context.Context, names ...types.QueueAttributeName) (map[types.QueueAttributeName]int, error) {
	out, err := c.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &c.url, AttributeNames: names})
	if err != nil {
		return nil, explained(err)
	}
	found := map[types.QueueAttributeName]int{}
	for _, name := range names {
		found[name], _ = strconv.Atoi(out.Attributes[string(name)]) // what a stand-in does not say is 0
	}
	return found, nil
}

// explained adds to an error of SQS what to do.
func explained(err error) error {
	var refused smithy.APIError
	if !errors.As(err, &refused) {
		return err
	}
	switch code := refused.ErrorCode(); {
	case strings.Contains(code, "NonExistentQueue"), strings.Contains(code, "QueueDoesNotExist"):
		return fmt.Errorf("there is no such queue, or not in this region and account: %w", err)
	case strings.Contains(code, "AccessDenied"):
		return fmt.Errorf("the rights are missing, see the documentation of sqs.Engine: %w", err)
	}
	return err
}

// Ping implements [database.DB].
func (c *connection) Ping(ctx context.Context) error {
	_, err := c.attributes(ctx, types.QueueAttributeNameVisibilityTimeout)
	return err
}

// Stats implements [database.DB]: there is no pool.
func (*connection) Stats() database.Stats { return database.Stats{} }

// Lock implements [database.DB]: there are no tables that two programs could change at
// the same time, and so no lock.
func (*connection) Lock(context.Context, func()) (unlock func(), err error) { return func() {}, nil }

// Close implements [database.DB].
func (*connection) Close() {}
