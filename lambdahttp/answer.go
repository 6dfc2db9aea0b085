package lambdahttp

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// result is what Lambda says of a function that was invoked.
type result struct {
	payload []byte // what it has returned
	failed  string // how it has failed, as X-Amz-Function-Error says it; "": it has not
}

// answer is what a function returns for a gateway. Values are taken as they come, since
// functions of other languages write numbers and booleans as text, and the other way.
type answer struct {
	StatusCode        json.RawMessage              `json:"statusCode"`
	Headers           map[string]json.RawMessage   `json:"headers"`
	MultiValueHeaders map[string][]json.RawMessage `json:"multiValueHeaders"`
	Cookies           []string                     `json:"cookies"` // of payload 2.0
	Body              json.RawMessage              `json:"body"`
	IsBase64Encoded   json.RawMessage              `json:"isBase64Encoded"`

	ErrorMessage json.RawMessage `json:"errorMessage"`
}

// response returns the answer to r.
func (a *result) response(r *http.Request) *http.Response {
	var said answer
	err := json.Unmarshal(a.payload, &said)
	message, _ := scalar(said.ErrorMessage)
	if a.failed != "" {
		return badGateway(r, cmp.Or(message, "The function has failed: "+excerpt(a.payload)), a.failed)
	}
	if err == nil && len(said.StatusCode) == 0 && message != "" { // it caught the error, and returned it
		return badGateway(r, message, "")
	}
	var response *http.Response
	if err == nil {
		response, err = said.response(r)
	}
	if err != nil {
		return badGateway(r, fmt.Sprintf("The function has not answered as API Gateway wants it (payload 1.0): %v. It returned %s", err, excerpt(a.payload)), "")
	}
	return response
}

// badGateway returns the answer for a function that has none.
func badGateway(r *http.Request, text, failed string) *http.Response {
	header := http.Header{"Content-Type": {"text/plain; charset=utf-8"}}
	if failed != "" {
		header.Set("X-Amz-Function-Error", failed)
	}
	return newResponse(r, http.StatusBadGateway, header, []byte(text))
}

// excerpt returns the beginning of what a function has returned.
func excerpt(payload []byte) string {
	const most = 500
	if len(payload) > most {
		return string(bytes.ToValidUTF8(payload[:most], nil)) + " …"
	}
	return cmp.Or(string(payload), "nothing")
}

func (a *answer) response(r *http.Request) (*http.Response, error) {
	if len(a.StatusCode) == 0 {
		return nil, errors.New("there is no statusCode")
	}
	text, _ := scalar(a.StatusCode)
	status, err := strconv.Atoi(text)
	if err != nil || status < 200 || status > 999 {
		return nil, fmt.Errorf("statusCode is %s: want 200 to 999", a.StatusCode)
	}
	header, err := a.header()
	if err != nil {
		return nil, err
	}
	body, err := a.body()
	if err != nil {
		return nil, err
	}
	ownScheme(header, r)
	return newResponse(r, status, header, body), nil
}

// header returns the headers of both forms. A value of the second form counts, and what
// the first form has beside it is added, as API Gateway does it.
func (a *answer) header() (http.Header, error) {
	header := make(http.Header, len(a.Headers)+len(a.MultiValueHeaders))
	add := func(name string, raw json.RawMessage) error {
		value, ok := scalar(raw)
		if !ok || !isToken(name) || strings.ContainsAny(value, "\r\n\x00") {
			return fmt.Errorf("the header %q is none: %.100s", name, raw)
		}
		if name = http.CanonicalHeaderKey(name); !slices.Contains(header[name], value) || name == "Set-Cookie" {
			header[name] = append(header[name], value)
		}
		return nil
	}
	for name, values := range a.MultiValueHeaders {
		for _, value := range values {
			if err := add(name, value); err != nil {
				return nil, err
			}
		}
	}
	for name, value := range a.Headers {
		if isNull(value) {
			continue
		}
		if err := add(name, value); err != nil {
			return nil, err
		}
	}
	for _, cookie := range a.Cookies {
		header.Add("Set-Cookie", cookie)
	}
	return header, nil
}

func (a *answer) body() ([]byte, error) {
	if isNull(a.Body) {
		return nil, nil
	}
	var text string
	if json.Unmarshal(a.Body, &text) != nil {
		return nil, errors.New("body is no text: an object must be encoded as JSON first")
	}
	if encoded, _ := scalar(a.IsBase64Encoded); !strings.EqualFold(encoded, "true") {
		return []byte(text), nil
	}
	body, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, errors.New("isBase64Encoded is true, and body is not base64")
	}
	return body, nil
}

// ownScheme changes a Location by which the function sends a client to itself, at the host
// that it was asked by, so that the client asks it where it is.
func ownScheme(header http.Header, r *http.Request) {
	to, err := url.Parse(header.Get("Location"))
	if err != nil || to.Host == "" || to.Host != cmp.Or(r.Host, r.URL.Host) || to.Scheme != "http" && to.Scheme != "https" {
		return
	}
	to.Scheme, to.Host = Scheme, r.URL.Host
	header.Set("Location", to.String())
}

// newResponse returns an answer. Those without a body keep the length that they say.
func newResponse(r *http.Request, status int, header http.Header, body []byte) *http.Response {
	response := &http.Response{
		Status: strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status))), StatusCode: status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: http.NoBody, Request: r,
	}
	header.Del("Transfer-Encoding")
	switch {
	case status == http.StatusNoContent:
		header.Del("Content-Length")
	case status == http.StatusNotModified:
	case r.Method == http.MethodHead:
		response.ContentLength = -1
		if length, err := strconv.ParseInt(header.Get("Content-Length"), 10, 64); err == nil && length >= 0 {
			response.ContentLength = length
		}
	default:
		header.Set("Content-Length", strconv.Itoa(len(body)))
		response.ContentLength = int64(len(body))
		if len(body) > 0 {
			response.Body = io.NopCloser(bytes.NewReader(body))
		}
	}
	return response
}

// scalar returns a text, a number or a boolean as text. ok is false for anything else.
func scalar(raw json.RawMessage) (text string, ok bool) {
	if isNull(raw) || raw[0] == '{' || raw[0] == '[' {
		return "", false
	}
	if raw[0] != '"' {
		return string(raw), true
	}
	return text, json.Unmarshal(raw, &text) == nil
}

// isNull reports whether a value is absent or null.
func isNull(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// isToken reports whether a text may be the name of a header: RFC 9110, section 5.6.2.
func isToken(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(c rune) bool {
		return c <= ' ' || c >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, c)
	})
}
