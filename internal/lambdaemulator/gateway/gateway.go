// Package gateway translates as the gateways in front of AWS Lambda do: a request
// becomes an event, and the answer of the function becomes a response. It sends nothing.
package gateway

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Kind is a kind of gateway, by the name that --payload has for it.
type Kind string

// The kinds of gateways.
const (
	REST     Kind = "1.0" // a REST API of API Gateway
	HTTP     Kind = "2.0" // an HTTP API of API Gateway
	Balancer Kind = "alb" // an Application Load Balancer, which sends one value a header
	URL      Kind = "url" // the URL of a function
)

// Kinds returns all kinds.
func Kinds() []Kind { return []Kind{REST, HTTP, Balancer, URL} }

// Parse returns the kind of a name.
func Parse(name string) (Kind, error) {
	if kind := Kind(name); slices.Contains(Kinds(), kind) {
		return kind, nil
	}
	return "", fmt.Errorf("want 1.0, 2.0, alb or url, and not %q", name)
}

// String returns what the kind is called in a sentence.
func (k Kind) String() string {
	switch k {
	case REST:
		return "a REST API (payload 1.0)"
	case HTTP:
		return "an HTTP API (payload 2.0)"
	case Balancer:
		return "a load balancer"
	default:
		return "a function URL"
	}
}

// MaxBody returns how large the body of a request may be, in bytes.
func (k Kind) MaxBody() int64 {
	switch k {
	case REST, HTTP:
		return 10 << 20
	case Balancer:
		return 1 << 20
	default:
		return 6 << 20
	}
}

// MaxAnswer returns how large the function's answer may be, in bytes.
func (k Kind) MaxAnswer() int {
	if k == Balancer {
		return 1 << 20
	}
	return 6 << 20
}

// Timeout returns how long the gateway waits for the function; 0: as long as that runs.
func (k Kind) Timeout() time.Duration {
	switch k {
	case REST:
		return 29 * time.Second
	case HTTP:
		return 30 * time.Second
	default:
		return 0
	}
}

// Answer is what the client gets.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Failure is why a request has no answer of the function.
type Failure int

// The failures.
const (
	Failed    Failure = iota // the function failed, or answered what is no answer
	Late                     // it did not answer within Timeout
	Throttled                // too many of its calls run
	TooLarge                 // the request is larger than MaxBody, or than an event may be
	Absent                   // there is no function that could be asked
)

// Failure returns the answer to a request that the function has none for. API Gateway's
// documentation has 502 for what the function did wrong, and 500 for what Lambda refused.
func (k Kind) Failure(why Failure) *Answer {
	switch k {
	case REST:
		return k.refuse(why, "Internal server error", "Endpoint request timed out", "Request Too Long", http.StatusGatewayTimeout, http.StatusInternalServerError)
	case HTTP:
		return k.refuse(why, "Internal Server Error", "Service Unavailable", "Request Entity Too Large", http.StatusServiceUnavailable, http.StatusInternalServerError)
	case URL:
		if why == Throttled {
			return jsonAnswer(http.StatusTooManyRequests, `{"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded","Type":"User","message":"Rate Exceeded."}`)
		}
		return k.refuse(why, "Internal Server Error", "Gateway Timeout", "Request Too Long", http.StatusGatewayTimeout, http.StatusBadGateway)
	}
	status := http.StatusBadGateway
	if why == TooLarge {
		status = http.StatusRequestEntityTooLarge
	}
	said := fmt.Sprintf("%d %s", status, http.StatusText(status))
	page := strings.ReplaceAll("<html>\r\n<head><title>SAID</title></head>\r\n<body>\r\n<center><h1>SAID</h1></center>\r\n</body>\r\n</html>\r\n", "SAID", said)
	return &Answer{Status: status, Header: http.Header{"Content-Type": {"text/html"}, "Server": {"awselb/2.0"}}, Body: []byte(page)}
}

// refuse returns an answer with a message.
func (k Kind) refuse(why Failure, failed, late, tooLarge string, lateStatus, refusedStatus int) *Answer {
	status, message := http.StatusBadGateway, failed
	switch why {
	case Late:
		status, message = lateStatus, late
	case Throttled, Absent:
		status = refusedStatus
	case TooLarge:
		status, message = http.StatusRequestEntityTooLarge, tooLarge
	}
	return jsonAnswer(status, fmt.Sprintf(`{"message":%q}`, message))
}

func jsonAnswer(status int, body string) *Answer {
	return &Answer{Status: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(body)}
}
