package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"time"
)

// The rows of Lambda. All get events of an HTTP API, payload 2.0.
var (
	lambdaBare   = peer{name: "lambdabare", title: "aws-lambda-go, by hand: encoding/json into a map", module: "github.com/aws/aws-lambda-go"}
	lambdaGin    = peer{name: "lambdagin", title: "gin behind aws-lambda-go-api-proxy", module: "github.com/awslabs/aws-lambda-go-api-proxy"}
	lambdaChi    = peer{name: "lambdachi", title: "chi behind aws-lambda-go-api-proxy", module: "github.com/awslabs/aws-lambda-go-api-proxy"}
	lambdaObject = peer{name: "lambdaobject", title: "**apiphant**, object, on Lambda", path: object.path, command: bootstrap}
	lambdaTyped  = peer{name: "lambdatyped", title: "**apiphant**, typed, on Lambda", path: typed.path, command: bootstrap}
)

var lambdaRows = []peer{lambdaBare, lambdaGin, lambdaChi, lambdaObject, lambdaTyped}

// lambdaAPI is the runtime API of all functions that are measured.
var lambdaAPI = peer{name: "lambdaapi"}

func bootstrap(l *lab, _ string) (*exec.Cmd, error) { return exec.Command(l.file("bootstrap")), nil }

// start is how a function begins.
type start struct {
	Part, Row string
	Millis    Spread // from the start of its process to its first request for an event
	CPU       Spread // of these, those of the processor
	Zip       int64  // bytes
}

// runLambda measures events of AWS Lambda in pairs of functions.
func runLambda(ctx context.Context, l *lab, r *results, name string) {
	if _, err := l.packageProduct(ctx); err != nil {
		l.lack(r, name, err)
		return
	}
	for _, p := range lambdaRows {
		if version := p.version(l); version != "" {
			r.Versions[p.name] = version
		}
	}
	for _, pair := range [][2]peer{{lambdaBare, lambdaBare}, {lambdaBare, lambdaObject}, {lambdaBare, lambdaTyped}, {lambdaGin, lambdaObject}, {lambdaChi, lambdaObject}} {
		l.lambdaPair(ctx, r, name, pair[0], pair[1])
	}
}

// runLambdaStart measures the start of a function.
func runLambdaStart(ctx context.Context, l *lab, r *results, name string) {
	size, err := l.packageProduct(ctx)
	if err != nil {
		l.lack(r, name, err)
		return
	}
	s, err := l.lambdaStart(ctx, lambdaObject, pick(l, 21, 3))
	if err != nil {
		l.lack(r, name, err)
		return
	}
	s.Part, s.Zip = name, size
	r.Starts = append(r.Starts, s)
	l.say("  start to the first event asked for: %s ms, %s of them of the processor; the zip has %.2f MB", s.Millis, s.CPU, float64(size)/1e6)
}

// lack adds the reason why a part was not measured.
func (l *lab) lack(r *results, part string, err error) {
	r.Missing = append(r.Missing, missing{part, "all", err.Error()})
	l.say("  %v", err)
}

// packageProduct writes the zip of the product, and its bootstrap. It returns the size of
// the zip.
func (l *lab) packageProduct(ctx context.Context) (int64, error) {
	file := l.file("product.zip")
	if _, err := command(ctx, "go", "run", "github.com/apiphant/apiphant/cmd/apiphant", "package", "product", "--lambda", "--arch", runtime.GOARCH, "-o", file); err != nil {
		return 0, err
	}
	packed, err := zip.OpenReader(file)
	if err != nil {
		return 0, err
	}
	defer packed.Close()
	from, err := packed.Open("bootstrap")
	if err != nil {
		return 0, err
	}
	defer from.Close()
	to, err := os.OpenFile(l.file("bootstrap"), os.O_CREATE|os.O_WRONLY, 0o700)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(to, from)
	about, statErr := os.Stat(file)
	if err := errors.Join(err, to.Close(), statErr); err != nil {
		return 0, err
	}
	return about.Size(), nil
}

// lambdaPair measures two functions that get events at the same time.
func (l *lab) lambdaPair(ctx context.Context, r *results, part string, over, row peer) {
	defer l.stopAll()
	api, err := l.serveLambdaAPI(ctx)
	var functions [2]*server
	for i, p := range []peer{over, row} {
		if err == nil {
			functions[i], err = l.startFunction(ctx, api, p, fmt.Sprintf("%s-%d", p.name, i))
		}
	}
	for _, b := range bodies() {
		c := cost{Part: part, Row: row.name, Over: over.name, Body: b.name, Connections: 1}
		w := load{body: b, connections: 1}
		if err == nil {
			c.Ratio, c.Micros, c.OverMicros, err = l.measureBy(ctx, l.events, measured{functions[0], w}, measured{functions[1], w}, l.usual())
		}
		l.add(r, c, err)
	}
}

// serveLambdaAPI starts the runtime API on the core of the load.
func (l *lab) serveLambdaAPI(ctx context.Context) (*server, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	s := &server{peer: lambdaAPI, address: address, command: exec.Command(l.file(lambdaAPI.name), address), ended: make(chan struct{})}
	if err := l.start(s, []int{l.loadCore}); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for ctx.Err() == nil {
		if answer, err := http.Get("http://" + address); err == nil {
			answer.Body.Close()
			return s, nil
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-s.ended:
			return nil, errors.New("the runtime API ended at its start")
		}
	}
	return nil, ctx.Err()
}

// startFunction starts a function, and returns when it asks for its first event. Its
// address is that of its runtime API.
func (l *lab) startFunction(ctx context.Context, api *server, p peer, name string) (*server, error) {
	s := &server{peer: p, address: api.address + "/" + name, ended: make(chan struct{})}
	var err error
	if s.command, err = p.start(l, ""); err != nil {
		return nil, err
	}
	s.command.Args = s.command.Args[:1] // Lambda gives none
	s.command.Env = append(s.command.Env, "AWS_LAMBDA_RUNTIME_API="+s.address, "AWS_LAMBDA_FUNCTION_NAME=bench")
	if err := l.start(s, []int{l.serverCore}); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if _, err := ask(ctx, "http://"+s.address+"/first", nil); err != nil {
		s.stop()
		return nil, fmt.Errorf("%s does not ask for an event: %w", p.name, err)
	}
	return s, nil
}

// handedOut is what the runtime API says of a function: see peers/lambdaapi.
type handedOut struct {
	Answered int64
	Last     json.RawMessage
	Failed   bool
	First    time.Time
}

// ask asks the runtime API.
func ask(ctx context.Context, url string, body []byte) (said handedOut, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return said, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return said, err
	}
	defer answer.Body.Close()
	return said, json.NewDecoder(answer.Body).Decode(&said)
}

// events is a round in which both functions get events for some seconds.
func (l *lab) events(ctx context.Context, pair [2]measured, seconds int) (got [2]tally, err error) {
	return l.both(ctx, pair, seconds, l.handOut)
}

// handOut lets a function answer events, and checks its last answer.
func (l *lab) handOut(ctx context.Context, m measured) (t tally, err error) {
	before, err := m.server.cpu()
	if err != nil {
		return t, err
	}
	event, err := gatewayEvent(m.server.path(), m.load.body.text)
	if err != nil {
		return t, err
	}
	said, err := ask(ctx, fmt.Sprintf("http://%s/run?milliseconds=%d", m.server.address, m.load.seconds*1000), event)
	if err != nil {
		return t, err
	}
	after, err := m.server.cpu()
	if err != nil {
		return t, err
	}
	if t.requests, t.cpu = said.Answered, after-before; said.Answered == 0 {
		return t, fmt.Errorf("%w in %d s", errNobody, m.load.seconds)
	}
	return t, said.check(m.load.body.text)
}

// check returns an error unless the last answer is the request's object with "server".
func (h handedOut) check(request string) error {
	var answer struct {
		StatusCode int
		Body       string
	}
	if err := json.Unmarshal(h.Last, &answer); err != nil || h.Failed || answer.StatusCode != http.StatusOK {
		return fmt.Errorf("other work: got %.300s", h.Last)
	}
	return compare(request, []byte(answer.Body))
}

// gatewayEvent is a request as an HTTP API hands it on: see
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html.
func gatewayEvent(path, body string) ([]byte, error) {
	type object = map[string]any
	return json.Marshal(object{
		"version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "", "cookies": []string{"session=0123456789abcdef"},
		"headers": object{
			"accept": "*/*", "accept-encoding": "gzip, deflate, br", "content-length": fmt.Sprint(len(body)), "content-type": "application/json",
			"host": "abcdefghij.execute-api.eu-central-1.amazonaws.com", "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36",
			"x-amzn-trace-id": "Root=1-5e1b4151-5ac6c58f3f2b4a6d1f0c1c3e", "x-forwarded-for": "192.0.2.1", "x-forwarded-port": "443", "x-forwarded-proto": "https",
		},
		"requestContext": object{
			"accountId": "123456789012", "apiId": "abcdefghij", "domainName": "abcdefghij.execute-api.eu-central-1.amazonaws.com", "domainPrefix": "abcdefghij",
			"http":      object{"method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "Mozilla/5.0 (X11; Linux x86_64)"},
			"requestId": "JKJaXmPLvHcESHA=", "routeKey": "$default", "stage": "$default", "time": "10/Mar/2026:05:16:23 +0000", "timeEpoch": 1773119783636,
		},
		"body": body, "isBase64Encoded": false,
	})
}

// lambdaStart measures how long a function takes from its start until it asks for its
// first event, with the core to itself.
func (l *lab) lambdaStart(ctx context.Context, p peer, times int) (s start, err error) {
	defer l.stopAll()
	api, err := l.serveLambdaAPI(ctx)
	if err != nil {
		return s, err
	}
	var millis, cpu []float64
	for i := range times {
		began := time.Now()
		function, err := l.startFunction(ctx, api, p, fmt.Sprintf("start-%d", i))
		if err != nil {
			return s, err
		}
		took, err := function.cpu()
		if err != nil {
			return s, err
		}
		said, err := ask(ctx, "http://"+function.address+"/first", nil)
		function.stop()
		if err != nil {
			return s, err
		}
		millis = append(millis, float64(said.First.Sub(began))/float64(time.Millisecond))
		cpu = append(cpu, float64(took)/float64(time.Millisecond))
	}
	return start{Row: p.name, Millis: spread(millis), CPU: spread(cpu)}, nil
}

// lambdaCost returns the ratio of two functions.
func lambdaCost(row, over peer, body int) func(*results) (Spread, bool) {
	return func(r *results) (Spread, bool) {
		c, ok := r.cost(row.name, over.name, bodies()[body].name, 1)
		return c.Ratio, ok
	}
}

// started returns a figure of the start of a function.
func started(figure func(start) Spread) func(*results) (Spread, bool) {
	return func(r *results) (Spread, bool) {
		for _, s := range r.Starts {
			return figure(s), true
		}
		return Spread{}, false
	}
}
