// Command lambdaapi is the runtime API of AWS Lambda for functions that are measured: each
// has a name of its own, HOST:PORT/NAME as its AWS_LAMBDA_RUNTIME_API. It hands the same
// event out again and again, for as long as it is told to.
//
// See https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html.
package main

import (
	"bytes"
	"encoding/json"
	"log"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
)

// Run is what has become of a function's events.
type Run struct {
	Answered int64
	Last     json.RawMessage // the last answer; of an error, what was said
	Failed   bool
	First    time.Time // when the function asked for its first event
}

// function is one of them.
type function struct {
	mutex  sync.Mutex
	opened chan struct{} // closed while events are handed out
	event  []byte
	id     int64
	run    Run
	asked  chan struct{} // closed when it has asked for its first event
}

var (
	mutex     sync.Mutex
	functions = map[string]*function{}
)

func find(name string) *function {
	mutex.Lock()
	defer mutex.Unlock()
	f := functions[name]
	if f == nil {
		f = &function{opened: make(chan struct{}), asked: make(chan struct{})}
		functions[name] = f
	}
	return f
}

func main() {
	server := &fasthttp.Server{Handler: handle, MaxRequestBodySize: 16 << 20}
	log.Fatal(server.ListenAndServe(os.Args[1]))
}

func handle(ctx *fasthttp.RequestCtx) {
	name, rest, _ := strings.Cut(string(ctx.Path()[1:]), "/")
	f := find(name)
	switch {
	case strings.HasSuffix(rest, "/next"):
		f.next(ctx)
	case strings.HasSuffix(rest, "/response"):
		f.answered(ctx.PostBody(), false)
		ctx.SetStatusCode(fasthttp.StatusAccepted)
	case strings.HasSuffix(rest, "/error"):
		f.answered(ctx.PostBody(), true)
		ctx.SetStatusCode(fasthttp.StatusAccepted)
	case rest == "run":
		f.handOut(ctx)
	case rest == "first":
		<-f.asked
		f.report(ctx)
	default:
		ctx.SetStatusCode(fasthttp.StatusNotFound)
	}
}

// next hands out an event, when there is one.
func (f *function) next(ctx *fasthttp.RequestCtx) {
	f.mutex.Lock()
	if f.run.First.IsZero() {
		f.run.First = time.Now()
		close(f.asked)
	}
	opened := f.opened
	f.mutex.Unlock()
	<-opened
	f.mutex.Lock()
	f.id++
	id, event := f.id, f.event
	f.mutex.Unlock()
	ctx.Response.Header.Set("Lambda-Runtime-Aws-Request-Id", strconv.FormatInt(id, 10))
	ctx.Response.Header.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(30*time.Second).UnixMilli(), 10))
	ctx.Response.Header.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:123456789012:function:bench")
	ctx.Response.Header.Set("Lambda-Runtime-Trace-Id", "Root=1-5e1b4151-5ac6c58f3f2b4a6d1f0c1c3e;Parent=0123456789abcdef;Sampled=0")
	ctx.SetContentType("application/json")
	ctx.SetBody(event)
}

func (f *function) answered(body []byte, failed bool) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.run.Answered++
	f.run.Failed = f.run.Failed || failed
	f.run.Last = append(f.run.Last[:0], body...)
}

// handOut hands out the event that it was sent, for so many milliseconds.
func (f *function) handOut(ctx *fasthttp.RequestCtx) {
	length := time.Duration(ctx.QueryArgs().GetUintOrZero("milliseconds")) * time.Millisecond
	f.mutex.Lock()
	f.event = bytes.Clone(ctx.PostBody())
	f.run.Answered, f.run.Failed = 0, false
	close(f.opened)
	f.mutex.Unlock()
	time.Sleep(length)
	f.mutex.Lock()
	f.opened = make(chan struct{})
	f.mutex.Unlock()
	f.report(ctx)
}

func (f *function) report(ctx *fasthttp.RequestCtx) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if !json.Valid(f.run.Last) {
		f.run.Last, _ = json.Marshal(string(f.run.Last)) // a text
	}
	said, err := json.Marshal(f.run)
	if err != nil {
		ctx.Error(err.Error(), fasthttp.StatusInternalServerError)
		return
	}
	ctx.SetBody(said)
}
