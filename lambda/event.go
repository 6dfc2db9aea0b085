package lambda

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/apiphant/apiphant/internal/decode"
)

// kind is what an event is about.
type kind int

const (
	otherEvent    kind = iota
	warmUp             // a ping that keeps the instance alive
	gateway1           // API Gateway with payload 1.0: a REST API, or an HTTP API
	gateway2           // an HTTP API with payload 2.0, or a function URL
	balancer           // an Application Load Balancer
	balancerMulti      // the same, with lists of values
	queueMessages      // SQS
	bucketFiles        // S3
	scheduledTask      // EventBridge, or {"task": NAME}
)

// event has the fields of all kinds that are looked at. What may be null is a pointer.
type event struct {
	HTTPMethod      *string              `json:"httpMethod"`
	Path            *string              `json:"path"`
	RawPath         *string              `json:"rawPath"`
	RawQuery        *string              `json:"rawQueryString"`
	Resource        *string              `json:"resource"`
	RouteKey        *string              `json:"routeKey"`
	PathParameters  any                  `json:"pathParameters"` // "" at times
	Headers         *map[string]string   `json:"headers"`
	MultiHeaders    *map[string][]string `json:"multiValueHeaders"`
	Query           *map[string]string   `json:"queryStringParameters"`
	MultiQuery      *map[string][]string `json:"multiValueQueryStringParameters"`
	Cookies         *[]string            `json:"cookies"`
	Body            *string              `json:"body"`
	IsBase64Encoded any                  `json:"isBase64Encoded"` // "true" at times
	Context         *requestContext      `json:"requestContext"`

	Records    *[]json.RawMessage `json:"Records"`
	Source     *string            `json:"source"`
	DetailType *string            `json:"detail-type"`
	Resources  *[]string          `json:"resources"`
	Task       *string            `json:"task"`
	Warmer     any                `json:"warmer"`
}

// requestContext is what a gateway knows of a request.
type requestContext struct {
	ELB          *struct{}       `json:"elb"`
	ConnectionID *string         `json:"connectionId"` // of a WebSocket
	Stage        *string         `json:"stage"`
	Path         *string         `json:"path"`
	DomainName   *string         `json:"domainName"`
	Authorizer   json.RawMessage `json:"authorizer"`
	HTTP         *struct {
		Method   *string `json:"method"`
		Path     *string `json:"path"`
		SourceIP *string `json:"sourceIp"`
	} `json:"http"`
	Identity *struct {
		SourceIP *string `json:"sourceIp"`
	} `json:"identity"`
}

// eventPlan decodes events. It is made for the first one, since programs that are not on
// Lambda have this package, too.
var eventPlan = sync.OnceValue(func() *decode.Plan {
	plan, err := decode.Compile(reflect.TypeFor[event](), nil)
	if err != nil {
		panic(err) // event is a type of ours
	}
	return plan
})

// errNotObject is the error for an event that is no JSON object.
var errNotObject = errors.New("lambda: an event must be a JSON object")

// parse decodes an event and finds out its kind.
func parse(payload []byte) (*event, kind, error) {
	e := new(event)
	problems, err := eventPlan().Decode(payload, e)
	if err != nil {
		return nil, otherEvent, errNotObject
	}
	found := e.kind()
	if len(problems) == 0 {
		return e, found, nil
	}
	if found != otherEvent { // else its fields mean something else
		return nil, found, fmt.Errorf("lambda: the event looks like one of %s, but its field %q is not of the type that those have", found, problems[0].Path)
	}
	return &event{}, otherEvent, nil
}

// kind tells events apart by their fields.
func (e *event) kind() kind {
	c := e.Context
	switch {
	case text(e.Source) == "serverless-plugin-warmup", e.Warmer == true:
		return warmUp
	case c != nil && c.ELB != nil && e.MultiHeaders != nil:
		return balancerMulti
	case c != nil && c.ELB != nil:
		return balancer
	case c != nil && c.HTTP != nil:
		return gateway2
	case c != nil && c.ConnectionID != nil:
		return otherEvent
	case e.HTTPMethod != nil:
		return gateway1
	case e.Records != nil && len(*e.Records) > 0:
		return kindOfRecord((*e.Records)[0])
	case text(e.DetailType) == "Scheduled Event", e.Task != nil && e.Source == nil:
		return scheduledTask
	}
	return otherEvent
}

// kindOfRecord returns the kind of an event by its first record.
func kindOfRecord(record json.RawMessage) kind {
	var from struct {
		EventSource string `json:"eventSource"`
	}
	_ = json.Unmarshal(record, &from) // what is no record of either is another event
	switch from.EventSource {
	case "aws:sqs":
		return queueMessages
	case "aws:s3":
		return bucketFiles
	}
	return otherEvent
}

// String returns what an event of that kind comes from.
func (k kind) String() string {
	switch k {
	case warmUp:
		return "a warm-up plugin"
	case gateway1:
		return "API Gateway (payload 1.0)"
	case gateway2:
		return "API Gateway (payload 2.0) or a function URL"
	case balancer, balancerMulti:
		return "a load balancer"
	case queueMessages:
		return "SQS"
	case bucketFiles:
		return "S3"
	case scheduledTask:
		return "a schedule"
	}
	return "another source"
}

// text returns a text that may be null or absent.
func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

// isBase64 reports whether the body of a request is encoded in base64. Some clients
// send text in place of a boolean.
func (e *event) isBase64() bool {
	if said, ok := e.IsBase64Encoded.(string); ok {
		return strings.EqualFold(said, "true")
	}
	return e.IsBase64Encoded == true
}
