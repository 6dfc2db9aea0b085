package lambda

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/apiphant/apiphant/internal/encode"
)

// maxAnswer is how large the payload of an answer may be, in bytes: Lambda takes 6 MiB.
const maxAnswer = 6 << 20

var errTooLarge = errors.New("the answer is larger than the 6 MiB that Lambda takes")

// answer is what a gateway is answered with.
type answer struct {
	status   int // 0: 200
	header   http.Header
	body     []byte
	tooLarge bool
}

// setLength says how long the body would be that a GET is answered with.
func (a *answer) setLength(length int64) {
	a.header["Content-Length"] = []string{strconv.FormatInt(length, 10)}
}

// encode returns the answer in the form that the gateway wants.
func (a *answer) encode(k kind) []byte {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	isText := utf8.Valid(a.body)
	to := make([]byte, 0, 256+len(a.body)+len(a.body)/2)
	to = append(to, `{"statusCode":`...)
	to = strconv.AppendInt(to, int64(a.status), 10)
	if k == balancer || k == balancerMulti {
		to = append(to, `,"statusDescription":`...)
		to = encode.AppendString(to, fmt.Sprintf("%d %s", a.status, http.StatusText(a.status)))
	}
	switch k {
	case gateway2:
		to = a.appendJoined(to)
	case balancer:
		a.spreadCookies()
		to = a.appendHeaders(to, joined)
	case balancerMulti:
		to = a.appendMultiHeaders(to, 0)
	default:
		to = a.appendHeaders(to, single)
		to = a.appendMultiHeaders(to, 2)
	}
	to = append(to, `,"body":`...)
	if isText {
		to = encode.AppendString(to, string(a.body))
	} else {
		to = append(to, '"')
		to = base64.StdEncoding.AppendEncode(to, a.body)
		to = append(to, '"')
	}
	to = append(to, `,"isBase64Encoded":`...)
	to = strconv.AppendBool(to, !isText)
	return append(to, '}')
}

// appendJoined appends the headers in the form of payload 2.0.
func (a *answer) appendJoined(to []byte) []byte {
	cookies := a.header["Set-Cookie"]
	delete(a.header, "Set-Cookie")
	to = a.appendHeaders(to, joined)
	if len(cookies) > 0 {
		to = append(to, `,"cookies":`...)
		to = appendList(to, cookies)
	}
	return to
}

// single leaves out what has several values.
func single(values []string) (string, bool) {
	if len(values) != 1 {
		return "", false
	}
	return values[0], true
}

// joined makes one value of several, as RFC 9110, section 5.3, has it.
func joined(values []string) (string, bool) { return strings.Join(values, ", "), len(values) > 0 }

// appendHeaders appends the headers that take one value.
func (a *answer) appendHeaders(to []byte, value func([]string) (string, bool)) []byte {
	to = append(to, `,"headers":{`...)
	first := true
	for _, name := range slices.Sorted(maps.Keys(a.header)) {
		text, ok := value(a.header[name])
		if !ok {
			continue
		}
		to = appendName(to, name, &first)
		to = encode.AppendString(to, text)
	}
	return append(to, '}')
}

// appendMultiHeaders appends the headers that have so many values at least.
func (a *answer) appendMultiHeaders(to []byte, atLeast int) []byte {
	to = append(to, `,"multiValueHeaders":{`...)
	first := true
	for _, name := range slices.Sorted(maps.Keys(a.header)) {
		if len(a.header[name]) >= max(atLeast, 1) {
			to = appendName(to, name, &first)
			to = appendList(to, a.header[name])
		}
	}
	return append(to, '}')
}

func appendName(to []byte, name string, first *bool) []byte {
	if !*first {
		to = append(to, ',')
	}
	*first = false
	return append(encode.AppendString(to, name), ':')
}

func appendList(to []byte, values []string) []byte {
	to = append(to, '[')
	for i, value := range values {
		if i > 0 {
			to = append(to, ',')
		}
		to = encode.AppendString(to, value)
	}
	return append(to, ']')
}

// spreadCookies gives each cookie a header of its own, since a load balancer that takes
// one value a header can't take them joined. Letter case makes names differ.
func (a *answer) spreadCookies() {
	cookies := a.header["Set-Cookie"]
	for i := 1; i < len(cookies) && i < 1<<9; i++ {
		name := []byte("Set-Cookie")
		letters := []int{1, 2, 4, 5, 6, 7, 8, 9, 0}
		for bit, at := range letters {
			if i>>bit&1 == 1 {
				name[at] ^= 0x20
			}
		}
		a.header[string(name)] = cookies[i : i+1]
	}
	if len(cookies) > 1 {
		a.header["Set-Cookie"] = cookies[:1]
	}
}
