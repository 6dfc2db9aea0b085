package apiphant

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
)

// What REST expects of answers to a further address.

// restStatus returns the status of an answer to a further address, given that of the
// response, 0 for none. It adds the answer's ETag.
func (c *Call) restStatus(status int) int {
	switch action := c.match.Endpoint.Action; {
	case status != 0:
	case action == "create":
		status = http.StatusCreated
	case action == "delete" && bytes.Equal(c.answer.bytes(), emptyObject):
		status = http.StatusNoContent
	default:
		status = http.StatusOK
	}
	if method := c.door.Method(); status == http.StatusOK && (method == http.MethodGet || method == http.MethodHead) && c.isUnchanged() {
		return http.StatusNotModified
	}
	return status
}

// isUnchanged adds the ETag of the answer, unless the response has one of its own, and
// reports whether the client has that answer already.
func (c *Call) isUnchanged() bool {
	tag := ""
	if c.answer != nil {
		for name, values := range c.answer.header {
			if http.CanonicalHeaderKey(name) == "Etag" && len(values) > 0 {
				tag = values[0]
			}
		}
	}
	if tag == "" {
		sum := sha256.Sum256(c.answer.bytes())
		tag = `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
		c.door.SetHeader("Etag", tag)
	}
	return matchesTag(c.door.Header("If-None-Match"), tag)
}

// matchesTag reports whether a tag is one of those of an If-None-Match, by the weak
// comparison of RFC 9110, section 8.8.3.2: a proxy that compresses makes tags weak.
func matchesTag(header, tag string) bool {
	if strings.TrimSpace(header) == "*" {
		return true
	}
	tag = strings.TrimPrefix(tag, "W/")
	for header != "" {
		header = strings.TrimPrefix(strings.TrimLeft(header, " \t,"), "W/")
		if !strings.HasPrefix(header, `"`) {
			return false
		}
		end := strings.IndexByte(header[1:], '"')
		if end < 0 {
			return false
		}
		if header[:end+2] == tag {
			return true
		}
		header = header[end+2:]
	}
	return false
}

// asksMethods reports whether the request asks, by OPTIONS, which methods a further
// address has.
func (c *Call) asksMethods() bool {
	return c.match.refusal == http.StatusNoContent && c.standing != foreignOrigin
}

// answerMethods answers it, without a call of a function.
func (c *Call) answerMethods() {
	c.door.SetHeader("Allow", c.match.allow())
	c.door.Answer(http.StatusNoContent, nil)
}
