package durable

import (
	"bytes"
	"encoding/json"
	"slices"
)

// payload is the arguments of a job as River keeps them: {"args":…}. River
// compares objects by their fields where jobs are unique, and arguments may be
// any JSON.
type payload struct {
	name string
	args json.RawMessage
}

// Kind is how River calls the name of a job.
func (p payload) Kind() string { return p.name }

func (p payload) MarshalJSON() ([]byte, error) {
	return slices.Concat([]byte(`{"args":`), p.args, []byte(`}`)), nil
}

func (p *payload) UnmarshalJSON(data []byte) error {
	var kept struct {
		Args json.RawMessage `json:"args"`
	}
	err := json.Unmarshal(data, &kept)
	p.args = kept.Args
	return err
}

// hasNUL reports whether a string in encoded JSON has the character U+0000.
func hasNUL(encoded []byte) bool {
	for {
		_, escape, found := bytes.Cut(encoded, []byte(`\`))
		if !found || len(escape) == 0 {
			return false
		}
		if bytes.HasPrefix(escape, []byte("u0000")) {
			return true
		}
		encoded = escape[1:] // the next one may be a backslash that is escaped
	}
}
