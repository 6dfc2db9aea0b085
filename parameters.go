package apiphant

import (
	"bytes"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/apiphant/apiphant/internal/decode"
)

// maxPairs is how many NAME=TEXT a query or a form may have: each takes more memory
// than the two bytes that it may have been sent as.
const maxPairs = 10000

// parameters returns what the path, the query and the form of a request to a further
// address have, in the order in which it counts, and its body, which is empty where
// that was a form.
func (c *Call) parameters() (values []decode.Value, body []byte, err error) {
	body = c.body
	if values, err = addPairs(c.match.further.path, c.match.further.query, "query"); err != nil {
		return nil, nil, err
	}
	if c.match.further.rest && len(body) > 0 && !isObject(body) && isForm(c.door.Header("Content-Type")) {
		values, err = addPairs(values, string(body), "form")
		body = nil
	}
	return values, body, err
}

// isObject reports whether a body begins as a JSON object does. A form never does: browsers
// escape that character in names. But curl's -d says form of whatever it sends.
func isObject(body []byte) bool {
	body = bytes.TrimLeft(body, " \t\r\n")
	return len(body) > 0 && body[0] == '{'
}

// isForm reports whether a Content-Type is that of a form as browsers send it.
func isForm(contentType string) bool {
	if len(contentType) < len("application/x-www-form-urlencoded") {
		return false
	}
	mediaType, _, err := mime.ParseMediaType(contentType)
	return err == nil && mediaType == "application/x-www-form-urlencoded"
}

// addPairs adds the pairs of a query or a form, which is named by what, to values that
// count before them. A name that comes more than once has all its texts.
func addPairs(values []decode.Value, encoded, what string) ([]decode.Value, error) {
	if encoded == "" {
		return values, nil
	}
	if strings.Count(encoded, "&") >= maxPairs {
		return nil, &Error{Status: http.StatusBadRequest, Detail: "The " + what + " has too many fields"}
	}
	values = values[:len(values):len(values)]
	at := map[string]int{}
	for pair := range strings.SplitSeq(encoded, "&") {
		if pair == "" {
			continue
		}
		name, text, err := splitPair(pair)
		if err != nil {
			return nil, &Error{Status: http.StatusBadRequest, Detail: "The " + what + " can't be read", Err: errors.New("it is not percent-encoded")}
		}
		if i, seen := at[name]; seen {
			values[i].Texts = append(values[i].Texts, text)
			continue
		}
		at[name] = len(values)
		values = append(values, decode.Value{Name: name, Texts: []string{text}})
	}
	return values, nil
}

// splitPair decodes NAME=TEXT, as browsers encode forms.
func splitPair(pair string) (name, text string, err error) {
	name, text, _ = strings.Cut(pair, "=")
	if name, err = url.QueryUnescape(name); err == nil {
		text, err = url.QueryUnescape(text)
	}
	return name, text, err
}
