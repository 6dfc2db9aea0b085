package apitest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// Response is an answer, read to its end.
type Response struct {
	Status int
	Header http.Header
	Body   []byte // as it came

	exchange string // the line that is printed
}

// Decode fills what v points to from the body's JSON, as encoding/json does.
func (r *Response) Decode(v any) error { return json.Unmarshal(r.Body, v) }

// compare returns an error that says how the answer differs from the wanted one, or nil.
// If want is nil, the body is not compared; if it is empty, there must be no body.
func (r *Response) compare(status int, want []byte) error {
	var wrong []string
	if r.Status != status {
		wrong = append(wrong, fmt.Sprintf("the status is %d, want %d", r.Status, status))
	}
	switch {
	case want == nil:
	case len(want) == 0:
		if len(r.Body) > 0 {
			wrong = append(wrong, "there is a body, want none")
		}
	default:
		difference, err := difference(want, r.Body)
		if err != nil {
			return err
		}
		if difference != "" {
			wrong = append(wrong, difference)
		}
	}
	if wrong == nil {
		return nil
	}
	return fmt.Errorf("%s\n%s", r.exchange, strings.Join(wrong, "\n"))
}

// difference returns how two JSON texts differ, "" where they are equal.
func difference(want, got []byte) (string, error) {
	wanted, err := decode(want)
	if err != nil {
		return "", fmt.Errorf("the response wanted is no JSON: %w: %s", err, want)
	}
	came, err := decode(got)
	if err != nil {
		return fmt.Sprintf("the body is no JSON (%v), want %s", err, want), nil
	}
	if diff := cmp.Diff(wanted, came, cmp.Comparer(sameNumber)); diff != "" {
		return "the body differs (- is wanted, + came):\n" + diff, nil
	}
	return "", nil
}

// text returns a value as JSON text, nil for none.
func text(v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case string:
		return []byte(v), nil
	case []byte:
		return v, nil
	case json.RawMessage:
		return v, nil
	}
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), err
}

// decode reads one JSON value, its numbers as they are written.
func decode(text []byte) (value any, err error) {
	if !utf8.Valid(text) {
		return nil, errors.New("invalid UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, errors.New("more follows the value")
	}
	return value, nil
}

// sameNumber compares by value, exactly, and never writes an exponent out.
func sameNumber(a, b json.Number) bool {
	aDigits, aExponent := decimal(string(a))
	bDigits, bExponent := decimal(string(b))
	return aDigits == bDigits && aExponent.Cmp(bExponent) == 0
}

// decimal brings a JSON number into the one form ±digits × 10^exponent that has
// no zero at either end of the digits; zero has no digits, and no sign.
func decimal(number string) (digits string, exponent *big.Int) {
	number, sign := strings.TrimPrefix(number, "-"), number[:len(number)-len(strings.TrimPrefix(number, "-"))]
	exponent = new(big.Int)
	if e := strings.IndexAny(number, "eE"); e >= 0 {
		exponent.SetString(strings.TrimPrefix(number[e+1:], "+"), 10)
		number = number[:e]
	}
	whole, fraction, _ := strings.Cut(number, ".")
	digits = strings.TrimLeft(whole+fraction, "0")
	kept := strings.TrimRight(digits, "0")
	if kept == "" {
		return "", new(big.Int)
	}
	exponent.Add(exponent, big.NewInt(int64(len(digits)-len(kept)-len(fraction))))
	return sign + kept, exponent
}
