package lambdaemulator

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
)

// runtimeAPI returns what answers the process: the runtime API, and of the extensions API
// what lets a process hear SIGTERM.
func (i *instance) runtimeAPI() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", i.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", i.respond)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", i.failed)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", i.initError)
	mux.HandleFunc("POST /2020-01-01/extension/register", i.register)
	mux.HandleFunc("GET /2020-01-01/extension/event/next", i.waitForEnd)
	return mux
}

// next answers with the next call, when there is one.
func (i *instance) next(w http.ResponseWriter, r *http.Request) {
	if !i.send(event{what: asked}) {
		return
	}
	select {
	case c := <-i.calls:
		header := w.Header()
		header.Set("Content-Type", "application/json")
		header.Set("Lambda-Runtime-Aws-Request-Id", c.ID)
		header.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(c.deadline.UnixMilli(), 10))
		header.Set("Lambda-Runtime-Invoked-Function-Arn", c.arn)
		if c.TraceID != "" {
			header.Set("Lambda-Runtime-Trace-Id", c.TraceID)
		}
		if c.ClientContext != "" {
			header.Set("Lambda-Runtime-Client-Context", c.ClientContext)
		}
		header.Set("Content-Length", strconv.Itoa(len(c.Payload)))
		_, _ = w.Write(c.Payload) // if that fails, the process ends or is late
	case <-r.Context().Done():
	case <-i.done:
	}
}

// errAnswerSize is the error of an answer that Lambda does not take.
var errAnswerSize = errors.New("the answer is too large")

// respond takes the answer of a call.
func (i *instance) respond(w http.ResponseWriter, r *http.Request) {
	c := i.claim(r.PathValue("id"))
	if c == nil {
		refuse(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
		return
	}
	e := event{what: answered, result: Result{ContentType: r.Header.Get("Content-Type")}}
	var err error
	if c.sink.open(e.result.ContentType) {
		e.result.Streamed = true
		_, err = io.Copy(&c.sink, bounded(r.Body, maxStream))
	} else {
		e.result.Payload, err = io.ReadAll(bounded(r.Body, maxAnswer))
	}
	switch {
	case errors.Is(err, errAnswerSize):
		e.fail("Function.ResponseSizeTooLarge", "Response payload size exceeded maximum allowed payload size ("+strconv.Itoa(maxAnswer)+" bytes).")
	case err != nil && !e.result.Streamed: // the process has ended, or speaks no HTTP
		return
	case r.Trailer.Get("Lambda-Runtime-Function-Error-Type") != "":
		e.fail(r.Trailer.Get("Lambda-Runtime-Function-Error-Type"), "")
		if said, err := base64.StdEncoding.DecodeString(r.Trailer.Get("Lambda-Runtime-Function-Error-Body")); err == nil && len(said) > 0 {
			e.result.Payload = said
		}
	case err != nil: // the caller has gone, or the process
		e.fail("Runtime.TruncatedResponse", err.Error())
	}
	tooLarge := errors.Is(err, errAnswerSize)
	if tooLarge || err != nil {
		_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, maxStream)) // else the process would not read what follows
	}
	if !i.send(e) {
		return
	}
	if tooLarge {
		refuse(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "Exceeded maximum allowed payload size ("+strconv.Itoa(maxAnswer)+" bytes).")
		return
	}
	accept(w)
}

// fail makes an answer an error.
func (e *event) fail(errorType, message string) {
	e.errorType, e.result.Failed = errorType, true
	e.result.Payload, e.result.ContentType = errorPayload(errorType, message), "application/json"
}

// failed takes the error of a call.
func (i *instance) failed(w http.ResponseWriter, r *http.Request) {
	if i.claim(r.PathValue("id")) == nil {
		refuse(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
		return
	}
	i.reported(w, r, answered)
}

// initError takes the error of a start.
func (i *instance) initError(w http.ResponseWriter, r *http.Request) { i.reported(w, r, initFailed) }

func (i *instance) reported(w http.ResponseWriter, r *http.Request, what eventKind) {
	body, err := io.ReadAll(bounded(r.Body, maxError))
	if err != nil && !errors.Is(err, errAnswerSize) {
		return
	}
	e := event{what: what, errorType: r.Header.Get("Lambda-Runtime-Function-Error-Type")}
	e.result.Failed, e.result.Payload, e.result.ContentType = true, body, "application/json"
	if err != nil || !json.Valid(body) {
		e.fail("Runtime.InvalidError", "The error that the runtime reported is no JSON, or is too large.")
	} else if e.errorType == "" {
		var said struct {
			Type string `json:"errorType"`
		}
		_ = json.Unmarshal(body, &said) // an error may be of any form
		e.errorType = said.Type
	}
	if i.send(e) {
		accept(w)
	}
}

// register takes an extension: its process hears SIGTERM before it is killed.
func (i *instance) register(w http.ResponseWriter, _ *http.Request) {
	i.mu.Lock()
	i.sigterm = true
	i.mu.Unlock()
	w.Header().Set("Lambda-Extension-Identifier", NewID())
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"functionName":"`+i.settings.Name+`","functionVersion":"$LATEST","handler":"bootstrap"}`)
}

// waitForEnd holds the request of an extension until the instance ends.
func (i *instance) waitForEnd(_ http.ResponseWriter, r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-i.done:
	}
}

func accept(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`)
}

func refuse(w http.ResponseWriter, status int, errorType, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(errorPayload(errorType, message))
}

// bounded returns a reader that fails with errAnswerSize behind so many bytes.
func bounded(r io.Reader, limit int64) io.Reader { return &boundedReader{r, limit} }

type boundedReader struct {
	r    io.Reader
	left int64
}

func (b *boundedReader) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errAnswerSize
	}
	return n, err
}
