package lambdaemulator

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/apiphant/apiphant/internal/lambdaemulator/gateway"
)

// serve answers a request as the gateway does.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request) {
	call, failure := h.eventOf(w, r)
	if failure != nil {
		h.answer(w, r, failure)
		return
	}
	w.Header().Set("X-Amzn-Requestid", call.ID)
	w.Header().Set("X-Amzn-Trace-Id", call.TraceID)
	streaming := &urlStream{w: w, request: r}
	if h.gateway == gateway.URL {
		call.Stream = streaming.open
	}
	result, why, err := h.wait(*call)
	if err != nil {
		h.function.log.write(fmt.Sprintf("%s %s: %v\n", r.Method, r.URL.Path, err))
		h.answer(w, r, h.gateway.Failure(why))
		return
	}
	switch {
	case result.Streamed && streaming.begun && result.Failed:
		panic(http.ErrAbortHandler) // the client must see that it is not whole
	case result.Streamed && streaming.begun:
	case result.Failed || result.Streamed:
		h.answer(w, r, h.gateway.Failure(gateway.Failed))
	default:
		h.translate(w, r, result)
	}
}

// translate answers with what the function answered.
func (h *Handler) translate(w http.ResponseWriter, r *http.Request, result *Result) {
	answer, err := h.gateway.Answer(result.Payload)
	if limit := h.gateway.MaxAnswer(); len(result.Payload) > limit {
		err = fmt.Errorf("it has %d bytes, and may have %d", len(result.Payload), limit)
	}
	if err != nil {
		h.function.log.write(fmt.Sprintf("%s %s: the function's answer can't be translated by %s: %v\n", r.Method, r.URL.Path, h.gateway, err))
		answer = h.gateway.Failure(gateway.Failed)
	}
	h.answer(w, r, answer)
}

// eventOf returns the call for a request, or the answer where there is none.
func (h *Handler) eventOf(w http.ResponseWriter, r *http.Request) (*Call, *gateway.Answer) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, min(h.gateway.MaxBody(), MaxPayload)))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, h.gateway.Failure(gateway.TooLarge)
	}
	call := &Call{ID: NewID(), TraceID: r.Header.Get("X-Amzn-Trace-Id")}
	if call.TraceID == "" {
		call.TraceID = NewTraceID()
	}
	if err == nil {
		settings := h.function.settings
		call.Payload, err = h.gateway.Event(r, body, gateway.Call{
			RequestID: call.ID, TraceID: call.TraceID, Account: Account, Region: settings.Region, Function: settings.Name, Time: time.Now(),
		})
	}
	switch {
	case err != nil:
		return nil, &gateway.Answer{Status: http.StatusBadRequest, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(`{"message":"Bad Request"}`)}
	case len(call.Payload) > MaxPayload:
		return nil, h.gateway.Failure(gateway.TooLarge)
	}
	return call, nil
}

// errLate is the error of a function that the gateway does not wait for any longer.
var errLate = errors.New("the gateway waits no longer for the function, which goes on")

// wait calls the function, and waits for it as long as the gateway does.
func (h *Handler) wait(call Call) (*Result, gateway.Failure, error) {
	if h.gatewayTimeout == 0 {
		result, err := h.function.Invoke(call)
		return result, failureOf(err), err
	}
	type outcome struct {
		result *Result
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		result, err := h.function.Invoke(call)
		done <- outcome{result, err}
	}()
	late := time.NewTimer(h.gatewayTimeout)
	defer late.Stop()
	select {
	case o := <-done:
		return o.result, failureOf(o.err), o.err
	case <-late.C:
		return nil, gateway.Late, errLate
	}
}

// failureOf returns why a gateway has no answer of the function.
func failureOf(err error) gateway.Failure {
	if errors.Is(err, ErrThrottled) {
		return gateway.Throttled
	}
	return gateway.Absent
}

// answer sends an answer. Its length is that of the body; the answer to HEAD may say
// another.
func (h *Handler) answer(w http.ResponseWriter, r *http.Request, answer *gateway.Answer) {
	header := w.Header()
	maps.Copy(header, answer.Header)
	if r.Method != http.MethodHead {
		header.Del("Content-Length")
		if answer.Status != http.StatusNoContent && answer.Status != http.StatusNotModified {
			header.Set("Content-Length", strconv.Itoa(len(answer.Body)))
		}
	}
	if header.Get("Content-Type") == "" {
		header["Content-Type"] = nil // net/http would guess one
	}
	hurry(w)
	w.WriteHeader(answer.Status)
	_, _ = w.Write(answer.Body)
}
