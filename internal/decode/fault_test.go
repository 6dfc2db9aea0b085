package decode_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/apiphant/apiphant/internal/decode"
)

func TestFault(t *testing.T) {
	var wide []byte
	for _, c := range utf16.Encode([]rune(`{"a":1}`)) {
		wide = append(wide, byte(c), byte(c>>8))
	}
	for body, want := range map[string]struct {
		offset int
		reason string
	}{
		"\xef\xbb\xbf{}":          {0, "byte order mark"},
		"\xff\xfe" + string(wide): {0, "UTF-16"},
		string(wide):              {0, "UTF-16"},
		"\x1f\x8b\x08":            {0, "gzip"},
		``:                        {0, ""},
		` `:                       {1, "it ends where a value was expected"},
		` [1]`:                    {1, "another JSON value"},
		`"secret"`:                {0, "another JSON value"},
		`null`:                    {0, "another JSON value"},
		`{"a":1} x`:               {8, "something comes after the object"},
		`{"a":1}{`:                {7, "something comes after the object"},
		`{"a":1`:                  {6, "it ends where a comma or } was expected"},
		`{"a":[1`:                 {7, "it ends where a comma or ] was expected"},
		`{"a":[1}`:                {7, "a comma or ] was expected"},
		`{"a":1]`:                 {6, "a comma or } was expected"},
		`{"a":1,}`:                {7, "a comma with nothing after it"},
		`{"a":[1,]}`:              {8, "a comma with nothing after it"},
		`{"a":[,1]}`:              {6, "a value was expected"},
		`{"a" 1}`:                 {5, "a colon was expected"},
		`{a:1}`:                   {1, "a key in double quotes or } was expected"},
		`{"b":1,a:1}`:             {7, "a key in double quotes was expected"},
		`{'a':1}`:                 {1, "a key in double quotes or } was expected"},
		`{"a":'b'}`:               {5, "a value was expected"},
		`{"a":True}`:              {5, "a value was expected"},
		`{"a":nul}`:               {5, "a value was expected"},
		`{"a":NaN}`:               {5, "a value was expected"},
		`{"a":01}`:                {5, "a number that JSON does not have"},
		`{"a":1.}`:                {5, "a number that JSON does not have"},
		`{"a":-}`:                 {5, "a number that JSON does not have"},
		`{"a":"b}`:                {8, "it ends within text"},
		"{\"a\":\"b\nc\"}":        {7, "a control character, or a line break"},
		`{"a":"b\xc"}`:            {7, "an escape that JSON does not have"},
		"{\"a\":\"b\xff\"}":       {7, "text that is not UTF-8"},
		"{\"a\":\"long enough to be looked at by words \xff\", \"b\":1}": {43, "text that is not UTF-8"},
		`{"a" // comment` + "\n:1}":                                      {5, "a colon was expected"},
		strings.Repeat(`{"a":`, 64) + `[]` + strings.Repeat(`}`, 64):     {5 * 64, "nested deeper than 64"},
	} {
		if offset, reason := decode.Fault([]byte(body)); offset != want.offset || !strings.Contains(reason, want.reason) || (reason == "") != (want.reason == "") {
			if body != "" {
				t.Errorf("%q: got %d, %s, want %d, %s", body, offset, reason, want.offset, want.reason)
			}
		}
	}
}

// FuzzFault: there is a reason for what is refused, and for nothing else.
func FuzzFault(f *testing.F) {
	for _, body := range []string{`{"a":[1,{"b":"\u00e9é"},true,null,-1.5e3]}`, `{"a":1,}`, `[1]`, "{\"\xff\":1}", `{"a":"\ud800"}`, `{} `, ` {"a":{}}`, "\ufeff{}", `{"a":[[],{}]`} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) == 0 {
			return
		}
		_, err := decode.Object(body)
		offset, reason := decode.Fault(body)
		if (err == nil) != (reason == "") || offset < 0 || offset > len(body) {
			t.Errorf("%q: got %v, and %d, %s", body, err, offset, reason)
		}
		if i := bytes.IndexByte(body, 0xff); i >= 0 && err == nil {
			t.Errorf("%q was taken", body)
		}
	})
}
