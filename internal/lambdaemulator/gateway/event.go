package gateway

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"
)

// Call is what a gateway knows of a request besides that itself.
type Call struct {
	RequestID string
	TraceID   string // X-Amzn-Trace-Id
	Account   string // "123456789012"
	Region    string
	Function  string // its name
	Time      time.Time
}

// errTarget is the error of a request for no path, such as OPTIONS *.
var errTarget = errors.New("the request has no path")

// Event returns what the function is sent for a request. The body is r's, which is not
// read.
func (k Kind) Event(r *http.Request, body []byte, call Call) ([]byte, error) {
	path, query, _ := strings.Cut(r.RequestURI, "?")
	if !strings.HasPrefix(path, "/") { // the whole URL, as a proxy is asked
		if path = r.URL.EscapedPath(); !strings.HasPrefix(path, "/") {
			return nil, errTarget
		}
	}
	from := &asked{Request: r, call: call, path: path, query: query, header: forwardedHeader(r, call)}
	from.client, _, _ = net.SplitHostPort(r.RemoteAddr)
	from.encode(body)
	var event map[string]any
	switch k {
	case REST:
		event = from.rest()
	case Balancer:
		event = from.balancer()
	default:
		event = from.version2(k)
	}
	return json.Marshal(event)
}

// asked is a request with what the event needs of it.
type asked struct {
	*http.Request
	call        Call
	path, query string // as they came
	client      string // the address
	header      http.Header
	body        any // a text, or nil where there is none
	isBase64    bool
}

// connectionHeaders are for the gateway alone.
var connectionHeaders = []string{"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Expect"}

// forwardedHeader returns the headers of a request with those that a gateway adds.
func forwardedHeader(r *http.Request, call Call) http.Header {
	header := maps.Clone(r.Header)
	for _, name := range connectionHeaders {
		delete(header, name)
	}
	client, _, _ := net.SplitHostPort(r.RemoteAddr)
	header["X-Forwarded-For"] = []string{strings.Join(append(append([]string{}, r.Header["X-Forwarded-For"]...), client), ", ")}
	header["X-Forwarded-Proto"] = []string{"http"}
	header["X-Forwarded-Port"] = []string{port(r.Host)}
	header["X-Amzn-Trace-Id"] = []string{call.TraceID}
	header["Host"] = []string{r.Host}
	return header
}

func port(host string) string {
	if _, port, err := net.SplitHostPort(host); err == nil {
		return port
	}
	return "80"
}

// encode sets the body: text as it is, all else in base64.
func (a *asked) encode(body []byte) {
	switch {
	case len(body) == 0:
	case a.Header.Get("Content-Encoding") == "" && isText(a.Header.Get("Content-Type")) && utf8.Valid(body):
		a.body = string(body)
	default:
		a.body, a.isBase64 = base64.StdEncoding.EncodeToString(body), true
	}
}

// isText reports whether gateways hand on a body of that type as text.
func isText(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil && kind == "" {
		return false
	}
	switch kind {
	case "application/json", "application/javascript", "application/xml":
		return true
	}
	return strings.HasPrefix(kind, "text/") || strings.HasSuffix(kind, "+json") || strings.HasSuffix(kind, "+xml")
}

// rest returns an event with payload 1.0.
func (a *asked) rest() map[string]any {
	single := map[string]string{}
	for name, values := range a.header {
		single[name] = values[len(values)-1]
	}
	resource, parameters := "/{proxy+}", any(map[string]string{"proxy": strings.TrimPrefix(a.path, "/")})
	if a.path == "/" {
		resource, parameters = "/", nil
	}
	one, all := a.parameters(unescape)
	return map[string]any{
		"resource": resource, "path": a.path, "httpMethod": a.Method,
		"headers": single, "multiValueHeaders": a.header,
		"queryStringParameters": orNull(one), "multiValueQueryStringParameters": orNull(all),
		"pathParameters": parameters, "stageVariables": nil,
		"body": a.body, "isBase64Encoded": a.isBase64,
		"requestContext": map[string]any{
			"accountId": a.call.Account, "apiId": "local", "resourceId": "local", "resourcePath": resource,
			"httpMethod": a.Method, "path": "/prod" + a.path, "stage": "prod", "protocol": a.Proto,
			"domainName": a.Host, "domainPrefix": "local", "requestId": a.call.RequestID, "extendedRequestId": a.call.RequestID,
			"requestTime": requestTime(a.call.Time), "requestTimeEpoch": a.call.Time.UnixMilli(),
			"identity": map[string]any{"sourceIp": a.client, "userAgent": a.UserAgent(), "accountId": nil, "apiKey": nil,
				"caller": nil, "user": nil, "userArn": nil, "cognitoIdentityId": nil, "accessKey": nil},
		},
	}
}

// version2 returns an event with payload 2.0: of an HTTP API, or of a function URL.
func (a *asked) version2(k Kind) map[string]any {
	header := map[string]string{}
	for name, values := range a.header {
		header[strings.ToLower(name)] = strings.Join(values, ",")
	}
	event := map[string]any{
		"version": "2.0", "routeKey": "$default", "rawPath": a.path, "rawQueryString": a.query,
		"headers": header, "isBase64Encoded": a.isBase64,
	}
	if cookies := a.header["Cookie"]; len(cookies) > 0 {
		delete(header, "cookie")
		event["cookies"] = strings.Split(strings.Join(cookies, "; "), "; ")
	}
	if _, all := a.parameters(unescape); len(all) > 0 {
		joined := map[string]string{}
		for name, values := range all {
			joined[name] = strings.Join(values, ",")
		}
		event["queryStringParameters"] = joined
	}
	if a.body != nil {
		event["body"] = a.body
	}
	domain, prefix := a.Host, "local"
	if k == URL {
		domain, prefix = a.call.Function+".lambda-url."+a.call.Region+".on.aws", a.call.Function
	}
	event["requestContext"] = map[string]any{
		"accountId": a.call.Account, "apiId": prefix, "domainName": domain, "domainPrefix": prefix,
		"requestId": a.call.RequestID, "routeKey": "$default", "stage": "$default",
		"time": requestTime(a.call.Time), "timeEpoch": a.call.Time.UnixMilli(),
		"http": map[string]any{"method": a.Method, "path": a.path, "protocol": a.Proto, "sourceIp": a.client, "userAgent": a.UserAgent()},
	}
	return event
}

// balancer returns an event of a load balancer, which does not decode what it was sent.
func (a *asked) balancer() map[string]any {
	header := map[string]string{}
	for name, values := range a.header {
		header[strings.ToLower(name)] = values[len(values)-1]
	}
	one, _ := a.parameters(func(s string) string { return s })
	body := a.body
	if body == nil {
		body = ""
	}
	return map[string]any{
		"requestContext": map[string]any{"elb": map[string]any{
			"targetGroupArn": "arn:aws:elasticloadbalancing:" + a.call.Region + ":" + a.call.Account + ":targetgroup/" + a.call.Function + "/0123456789abcdef",
		}},
		"httpMethod": a.Method, "path": a.path, "queryStringParameters": one, "headers": header,
		"body": body, "isBase64Encoded": a.isBase64,
	}
}

// parameters returns those of the query: the last value of each, and all values.
func (a *asked) parameters(decode func(string) string) (one map[string]string, all map[string][]string) {
	one, all = map[string]string{}, map[string][]string{}
	for pair := range strings.SplitSeq(a.query, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, value = decode(name), decode(value)
		one[name], all[name] = value, append(all[name], value)
	}
	return one, all
}

// unescape decodes a part of a query; what can't be decoded stays as it is.
func unescape(s string) string {
	if text, err := url.QueryUnescape(s); err == nil {
		return text
	}
	return s
}

// orNull returns null in place of an empty map.
func orNull[V any](m map[string]V) any {
	if len(m) == 0 {
		return nil
	}
	return m
}

// requestTime writes a time as API Gateway does, as in access logs.
func requestTime(t time.Time) string { return t.UTC().Format("02/Jan/2006:15:04:05 -0700") }
