package gateway

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// StreamType is the Content-Type of an answer that begins with its status and headers as
// JSON and eight zero bytes, and then streams the body.
const StreamType = "application/vnd.awslambda.http-integration-response"

// answered is an answer of the function.
type answered struct {
	StatusCode        any              `json:"statusCode"`
	Headers           map[string]any   `json:"headers"`
	MultiValueHeaders map[string][]any `json:"multiValueHeaders"`
	Cookies           []string         `json:"cookies"`
	Body              *string          `json:"body"`
	IsBase64Encoded   any              `json:"isBase64Encoded"`
}

// Answer returns the response that a gateway makes of the function's answer. An error
// says why that is none; the client then gets Failure(Failed). A Content-Type that the
// function has not set is left out, where a gateway has one of its own.
func (k Kind) Answer(payload []byte) (*Answer, error) {
	said, has := answered{}, map[string]json.RawMessage{}
	isObject := json.Unmarshal(payload, &has) == nil && has != nil
	if k == HTTP || k == URL {
		if _, ok := has["statusCode"]; !isObject || !ok {
			return inferred(payload)
		}
	}
	if !isObject {
		return nil, errors.New("it is no JSON object")
	}
	if err := decode(payload, &said); err != nil {
		return nil, fmt.Errorf("it is not of the form that %s wants: %w", k, err)
	}
	body, err := said.body()
	if err != nil {
		return nil, err
	}
	status, err := said.status()
	if err != nil {
		return nil, err
	}
	return &Answer{Status: status, Header: said.header(k), Body: body}, nil
}

// decode leaves numbers as they are written: a header may have them.
func decode(payload []byte, to *answered) error {
	decoder := json.NewDecoder(bytes.NewReader(payload))
	decoder.UseNumber()
	return decoder.Decode(to)
}

// Head returns status and headers of an answer that streams, from what stands before the
// eight zero bytes.
func Head(prelude []byte) (*Answer, error) {
	said := answered{StatusCode: "200"}
	if err := decode(prelude, &said); err != nil {
		return nil, fmt.Errorf("the beginning of an answer that streams is no JSON object: %w", err)
	}
	status, err := said.status()
	return &Answer{Status: status, Header: said.header(URL)}, err
}

// inferred returns the response for an answer without a status: the answer is the body.
func inferred(payload []byte) (*Answer, error) {
	if !json.Valid(payload) {
		return nil, errors.New("it is no JSON")
	}
	answer := jsonAnswer(http.StatusOK, string(bytes.TrimSpace(payload)))
	var text string
	if json.Unmarshal(payload, &text) == nil && payload[0] == '"' {
		answer.Body = []byte(text)
	}
	return answer, nil
}

func (a *answered) status() (int, error) {
	status, _ := strconv.Atoi(fmt.Sprint(a.StatusCode)) // a number, or a text with one
	if status < 200 || status > 999 {
		return 0, fmt.Errorf("its statusCode is %v: want a number from 200 to 999", a.StatusCode)
	}
	return status, nil
}

func (a *answered) body() ([]byte, error) {
	if a.Body == nil {
		return nil, nil
	}
	if said, _ := a.IsBase64Encoded.(string); a.IsBase64Encoded != true && !strings.EqualFold(said, "true") {
		return []byte(*a.Body), nil
	}
	body, err := base64.StdEncoding.DecodeString(*a.Body)
	if err != nil {
		return nil, fmt.Errorf("its body is said to be base64, and is not: %w", err)
	}
	return body, nil
}

// header returns the headers. A name that stands in both maps has the list's values.
func (a *answered) header(k Kind) http.Header {
	header := http.Header{}
	for _, name := range slices.Backward(slices.Sorted(maps.Keys(a.Headers))) { // SEt-Cookie after Set-Cookie
		if value := a.Headers[name]; value != nil {
			header.Add(name, fmt.Sprint(value))
		}
	}
	if k == REST || k == Balancer {
		for name := range a.MultiValueHeaders {
			header.Del(name)
		}
		for name, values := range a.MultiValueHeaders {
			for _, value := range values {
				header.Add(name, fmt.Sprint(value))
			}
		}
	} else if len(a.Cookies) > 0 {
		header["Set-Cookie"] = a.Cookies
	}
	for _, name := range connectionHeaders {
		header.Del(name)
	}
	return header
}
