package lambdahttp

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// maxPayload is how large an event may be, and what the function returns, in bytes: see
// "Lambda quotas" in AWS's documentation.
const maxPayload = 6 << 20

// event is a request as a REST API of API Gateway hands it to a function: payload 1.0.
type event struct {
	Resource          string              `json:"resource"`
	Path              string              `json:"path"`
	HTTPMethod        string              `json:"httpMethod"`
	Headers           map[string]string   `json:"headers"`
	MultiValueHeaders map[string][]string `json:"multiValueHeaders"`
	Query             map[string]string   `json:"queryStringParameters"`
	MultiValueQuery   map[string][]string `json:"multiValueQueryStringParameters"`
	PathParameters    map[string]string   `json:"pathParameters"`
	StageVariables    map[string]string   `json:"stageVariables"`
	RequestContext    requestContext      `json:"requestContext"`
	Body              *string             `json:"body"`
	IsBase64Encoded   bool                `json:"isBase64Encoded"`
}

// requestContext has what a gateway says of itself and of the request. Frameworks ask for
// these fields without looking whether they are there.
type requestContext struct {
	AccountID        string   `json:"accountId"`
	APIID            string   `json:"apiId"`
	DomainName       string   `json:"domainName"`
	HTTPMethod       string   `json:"httpMethod"`
	Identity         identity `json:"identity"`
	Path             string   `json:"path"`
	Protocol         string   `json:"protocol"`
	RequestID        string   `json:"requestId"`
	RequestTime      string   `json:"requestTime"`
	RequestTimeEpoch int64    `json:"requestTimeEpoch"` // in milliseconds
	ResourceID       string   `json:"resourceId"`
	ResourcePath     string   `json:"resourcePath"`
	Stage            string   `json:"stage"`
}

type identity struct {
	SourceIP  string  `json:"sourceIp"`
	UserAgent *string `json:"userAgent"`
}

// newEvent returns the event of a request, as JSON. It reads the body, and closes it.
func newEvent(r *http.Request) ([]byte, error) {
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	host, method, path := r.Host, r.Method, r.URL.EscapedPath()
	if host == "" {
		host = r.URL.Host
	}
	if method == "" {
		method = http.MethodGet
	}
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	now := time.Now().UTC()
	e := event{Resource: "/", Path: path, HTTPMethod: method}
	if path != "/" {
		e.Resource, e.PathParameters = "/{proxy+}", map[string]string{"proxy": path[1:]}
	}
	e.Headers, e.MultiValueHeaders = headers(r, host, len(body))
	e.Query, e.MultiValueQuery = query(r.URL.RawQuery)
	e.RequestContext = requestContext{
		APIID: "lambdahttp", DomainName: host, HTTPMethod: method, Path: path, Protocol: "HTTP/1.1",
		Identity: identity{SourceIP: "127.0.0.1"}, RequestID: rand.Text(), // no gateway has seen an address
		RequestTime: now.Format("02/Jan/2006:15:04:05 -0700"), RequestTimeEpoch: now.UnixMilli(),
		ResourcePath: e.Resource, Stage: "$default",
	}
	if agent, ok := e.Headers["User-Agent"]; ok {
		e.RequestContext.Identity.UserAgent = &agent
	}
	e.setBody(body)
	return e.encode()
}

// setBody takes a body as text where it is one. Control characters are six bytes each in
// JSON, and so what has a null character goes as base64, too.
func (e *event) setBody(body []byte) {
	if len(body) == 0 {
		return
	}
	text := ""
	if e.IsBase64Encoded = !utf8.Valid(body) || bytes.IndexByte(body, 0) >= 0; e.IsBase64Encoded {
		text = base64.StdEncoding.EncodeToString(body)
	} else {
		text = string(body)
	}
	e.Body = &text
}

func (e *event) encode() ([]byte, error) {
	var payload bytes.Buffer
	to := json.NewEncoder(&payload)
	to.SetEscapeHTML(false) // which would make bodies larger
	if err := to.Encode(e); err != nil {
		return nil, fmt.Errorf("lambdahttp: %w", err)
	}
	if payload.Len() > maxPayload {
		return nil, tooLarge(fmt.Sprintf("%d bytes", payload.Len()))
	}
	return payload.Bytes(), nil
}

// readBody returns the body of a request. It is closed, also while it is read, when the
// context ends.
func readBody(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	if r.ContentLength > maxPayload {
		closeBody(r)
		return nil, tooLarge(fmt.Sprintf("more than the body's %d bytes", r.ContentLength))
	}
	defer closeBody(r)
	stop := context.AfterFunc(r.Context(), func() { closeBody(r) })
	defer stop()
	body, err := io.ReadAll(io.LimitReader(r.Body, maxPayload+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("lambdahttp: the body of the request can't be read: %w", err)
	case len(body) > maxPayload:
		return nil, tooLarge("larger than that")
	case r.ContentLength > 0 && int64(len(body)) != r.ContentLength:
		return nil, fmt.Errorf("lambdahttp: the body of the request has %d bytes where its length says %d", len(body), r.ContentLength)
	}
	return body, nil
}

// headers returns the headers of a request in the two forms of an event, with those that a
// gateway adds. Of several values, the first form has the last one.
func headers(r *http.Request, host string, length int) (single map[string]string, multi map[string][]string) {
	multi = make(map[string][]string, len(r.Header)+4)
	for name, values := range r.Header {
		if len(values) > 0 {
			multi[name] = values
		}
	}
	multi["Host"] = []string{host}
	if length > 0 {
		multi["Content-Length"] = []string{strconv.Itoa(length)}
	}
	// The way to Lambda is encrypted. Frameworks that were told http would send the
	// client to https, again and again.
	for name, value := range map[string]string{"X-Forwarded-Proto": "https", "X-Forwarded-Port": "443"} {
		if multi[name] == nil {
			multi[name] = []string{value}
		}
	}
	single = make(map[string]string, len(multi))
	for name, values := range multi {
		single[name] = values[len(values)-1]
	}
	return single, multi
}

// query returns the parameters of a query, decoded, in the two forms of an event; nil
// where there are none. What is no escape stays as it is.
func query(raw string) (single map[string]string, multi map[string][]string) {
	decode := func(s string) string {
		if text, err := url.QueryUnescape(s); err == nil {
			return text
		}
		return s
	}
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		if multi == nil {
			single, multi = map[string]string{}, map[string][]string{}
		}
		name, value, _ := strings.Cut(pair, "=")
		name, value = decode(name), decode(value)
		single[name], multi[name] = value, append(multi[name], value)
	}
	return single, multi
}
