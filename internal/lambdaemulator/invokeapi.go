package lambdaemulator

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// The paths of the Invoke API.
const (
	invokePrefix = "/2015-03-31/functions/"
	invokeSuffix = "/invocations"
	streamPrefix = "/2021-11-15/functions/"
	streamSuffix = "/response-streaming-invocations"
)

// apiError is an error as AWS's API answers it.
type apiError struct {
	status  int
	kind    string // "ResourceNotFoundException"
	message string
}

// invokeAPI answers a request to AWS's API. Signatures are not looked at.
func (h *Handler) invokeAPI(w http.ResponseWriter, r *http.Request) {
	id := NewID()
	w.Header().Set("X-Amzn-Requestid", id)
	path := r.URL.EscapedPath()
	name, isInvoke := between(path, invokePrefix, invokeSuffix)
	streamed, isStream := between(path, streamPrefix, streamSuffix)
	if isStream {
		name = streamed
	}
	if (!isInvoke && !isStream) || r.Method != http.MethodPost {
		writeError(w, &apiError{http.StatusNotFound, "UnknownOperationException", "apiphant has of Lambda's API Invoke and InvokeWithResponseStream alone"})
		return
	}
	call, failure := h.callOf(w, r, name, id)
	if failure != nil {
		writeError(w, failure)
		return
	}
	w.Header().Set("X-Amzn-Trace-Id", call.TraceID)
	switch kind := r.Header.Get("X-Amz-Invocation-Type"); {
	case kind == "DryRun":
		hurry(w)
		w.WriteHeader(http.StatusNoContent)
	case isStream && (kind == "" || kind == "RequestResponse"):
		h.invokeStream(w, *call)
	case kind == "" || kind == "RequestResponse":
		h.invoke(w, *call, r.Header.Get("X-Amz-Log-Type") == "Tail")
	case kind == "Event" && !isStream:
		h.enqueue(w, *call)
	default:
		writeError(w, &apiError{http.StatusBadRequest, "ValidationException", fmt.Sprintf("1 validation error detected: Value '%.40s' at 'invocationType' failed to satisfy constraint: Member must satisfy enum value set: [Event, RequestResponse, DryRun]", kind)})
	}
}

// callOf reads the call that a request asks for.
func (h *Handler) callOf(w http.ResponseWriter, r *http.Request, escapedName, id string) (*Call, *apiError) {
	name, err := url.PathUnescape(escapedName)
	if err != nil {
		name = escapedName
	}
	qualifier, failure := h.function.settings.qualifierOf(name, r.URL.Query().Get("Qualifier"))
	if failure != nil {
		return nil, failure
	}
	call := &Call{ID: id, Qualifier: qualifier, TraceID: r.Header.Get("X-Amzn-Trace-Id")}
	if call.TraceID == "" {
		call.TraceID = NewTraceID()
	}
	if encoded := r.Header.Get("X-Amz-Client-Context"); encoded != "" {
		decoded, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil || !json.Valid(decoded) || strings.ContainsAny(string(decoded), "\r\n") {
			return nil, &apiError{http.StatusBadRequest, "InvalidRequestContentException", "Client context must be a valid Base64-encoded JSON object."}
		}
		call.ClientContext = string(decoded)
	}
	limit := int64(MaxPayload)
	if r.Header.Get("X-Amz-Invocation-Type") == "Event" {
		limit = MaxAsyncPayload
	}
	call.Payload, err = io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, &apiError{http.StatusRequestEntityTooLarge, "RequestTooLargeException", fmt.Sprintf("Request must be smaller than %d bytes for the InvokeFunction operation", limit)}
	case err != nil:
		return nil, &apiError{http.StatusBadRequest, "InvalidRequestContentException", "Could not read the request body."}
	case len(call.Payload) == 0:
		call.Payload = []byte("{}")
	case !json.Valid(call.Payload):
		return nil, &apiError{http.StatusBadRequest, "InvalidRequestContentException", "Could not parse request body into json: " + whyInvalid(call.Payload)}
	}
	return call, nil
}

// whyInvalid says why a text is no JSON.
func whyInvalid(text []byte) string {
	var value any
	return fmt.Sprint(json.Unmarshal(text, &value))
}

// invoke answers with what the function answers.
func (h *Handler) invoke(w http.ResponseWriter, call Call, tail bool) {
	result, err := h.function.Invoke(call)
	if err != nil {
		writeError(w, refusal(err))
		return
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("X-Amz-Executed-Version", result.Version)
	header.Set("X-Amzn-Remapped-Content-Length", "0")
	if result.Failed {
		header.Set("X-Amz-Function-Error", "Unhandled")
	}
	if tail {
		header.Set("X-Amz-Log-Result", base64.StdEncoding.EncodeToString(result.Log))
	}
	header.Set("Content-Length", strconv.Itoa(len(result.Payload)))
	hurry(w)
	_, _ = w.Write(result.Payload)
}

// enqueue takes an event that nobody waits for.
func (h *Handler) enqueue(w http.ResponseWriter, call Call) {
	if err := h.function.Enqueue(call); err != nil {
		writeError(w, refusal(err))
		return
	}
	w.Header().Set("Content-Length", "0")
	hurry(w)
	w.WriteHeader(http.StatusAccepted)
}

// refusal is AWS's error for a call that did not reach the function.
func refusal(err error) *apiError {
	var notReady *NotReadyError
	switch {
	case errors.Is(err, ErrThrottled):
		return &apiError{http.StatusTooManyRequests, "TooManyRequestsException", "Rate Exceeded."}
	case errors.As(err, &notReady):
		return &apiError{http.StatusConflict, "ResourceConflictException", "The operation cannot be performed at this time. The function is currently in the following state: Failed. " + err.Error()}
	default:
		return &apiError{http.StatusInternalServerError, "ServiceException", err.Error()}
	}
}

// writeError answers with an error.
func writeError(w http.ResponseWriter, e *apiError) {
	kind := "User"
	if e.status >= http.StatusInternalServerError {
		kind = "Service"
	}
	body := map[string]string{"Type": kind, "message": e.message}
	if e.status == http.StatusTooManyRequests {
		body["Reason"] = "ReservedFunctionConcurrentInvocationLimitExceeded"
	}
	if e.status == http.StatusNotFound {
		body["Message"] = e.message
		delete(body, "message")
	}
	text, _ := json.Marshal(body)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Errortype", e.kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	hurry(w)
	w.WriteHeader(e.status)
	_, _ = w.Write(text)
}

// between returns what stands between a prefix and a suffix.
func between(s, prefix, suffix string) (string, bool) {
	s, hasPrefix := strings.CutPrefix(s, prefix)
	s, hasSuffix := strings.CutSuffix(s, suffix)
	return s, hasPrefix && hasSuffix
}
