package apiphant

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
)

// statusCoder and headerer are responses that say more of their answer than its
// body: any response type may have these methods.
type (
	statusCoder interface{ StatusCode() int }
	headerer    interface{ Headers() http.Header }
)

// describes reports whether responses of a type have a status or headers of their own.
func describes(t reflect.Type) bool {
	return t.Implements(reflect.TypeFor[statusCoder]()) || t.Implements(reflect.TypeFor[headerer]())
}

// describe takes the status and the headers from a response that has them. Without
// a status it is 200.
func (a *answer) describe(response any) error {
	if value := reflect.ValueOf(response); value.Kind() == reflect.Pointer && value.IsNil() {
		return nil // the empty object
	}
	if coder, ok := response.(statusCoder); ok {
		a.status = coder.StatusCode()
		if a.status != 0 && (a.status < 200 || a.status > 399) {
			return fmt.Errorf("the response of type %T has the status %d: want 200 to 399, or an *apiphant.Error for what failed", response, a.status)
		}
	}
	if headerer, ok := response.(headerer); ok {
		a.header = headerer.Headers()
		for name, values := range a.header {
			if err := checkHeader(name, values); err != nil {
				return fmt.Errorf("the response of type %T has the header %q: %w", response, name, err)
			}
		}
	}
	return nil
}

// describe sets the headers of the answer that the response has. A name that a
// middleware has set gets the response's values instead, but cookies are added.
func (c *Call) describe() {
	for name, values := range c.answer.header {
		name = http.CanonicalHeaderKey(name)
		for i, value := range values {
			if i == 0 && name != "Set-Cookie" {
				c.SetHeader(name, value)
			} else {
				c.door.AddHeader(name, value)
			}
		}
	}
}

// checkHeader refuses what a response must not set, or no answer can have.
func checkHeader(name string, values []string) error {
	switch http.CanonicalHeaderKey(name) {
	case "Content-Length", "Content-Type", "Transfer-Encoding", "Connection", "Keep-Alive", "Upgrade", "Trailer", "Te", "Date", requestIDHeader:
		return errors.New("it is not the response's to set")
	}
	if name == "" || strings.ContainsFunc(name, notInToken) {
		return errors.New("it is no token (RFC 9110, section 5.6.2)")
	}
	for _, value := range values {
		if strings.ContainsFunc(value, notInValue) {
			return fmt.Errorf("its value %q has a control character", value)
		}
	}
	return nil
}

func notInToken(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		return false
	}
	return !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
}

func notInValue(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }
