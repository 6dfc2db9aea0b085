package doortest

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"
)

// testCase is one case.
type testCase struct {
	name    string
	front   string // why it may be answered in front of the door, see Suite: "address", "method", "target"; or ""
	request request
	want    wanted
}

// parse reads a file of cases, in the form that the package's comment describes.
func parse(content []byte) ([]testCase, error) {
	archive := txtar.Parse(content)
	names := map[string]bool{}
	var cases []testCase
	for _, file := range archive.Files {
		test, err := parseCase(string(bytes.TrimSuffix(file.Data, []byte("\n"))))
		if err == nil && names[file.Name] {
			err = errors.New("there are two cases of this name")
		}
		if err != nil {
			return nil, fmt.Errorf("%q: %w", file.Name, err)
		}
		names[file.Name] = true
		test.name = file.Name
		cases = append(cases, test)
	}
	if len(cases) == 0 {
		return nil, errors.New("there is no case")
	}
	return cases, nil
}

func parseCase(text string) (test testCase, err error) {
	asked, answered, ok := strings.Cut(text, "\n--> ")
	if !ok {
		return test, errors.New("there is no line -->")
	}
	if front, ok := strings.CutPrefix(asked, "in front: "); ok {
		test.front, asked, _ = strings.Cut(front, "\n")
		if !slices.Contains([]string{"address", "method", "target"}, test.front) {
			return test, fmt.Errorf("in front: %q: want address, method or target", test.front)
		}
	}
	line, header, body, err := parseMessage(asked)
	if err != nil {
		return test, err
	}
	method, target, ok := strings.Cut(line, " ")
	if !ok {
		return test, fmt.Errorf("%q: want METHOD PATH", line)
	}
	test.request = request{method: method, target: target, header: http.Header{}, body: body}
	for _, h := range header {
		test.request.header[h.name] = append(test.request.header[h.name], h.value)
	}
	test.want, err = parseWanted(answered)
	return test, err
}

func parseWanted(text string) (w wanted, err error) {
	line, header, body, err := parseMessage(text)
	if err != nil {
		return w, err
	}
	w.body = body
	if w.status, w.broken, err = parseOutcome(line); err != nil {
		return w, err
	}
	if err := compile(header); err != nil {
		return w, err
	}
	for _, standard := range implied {
		if !slices.ContainsFunc(header, func(h wantedHeader) bool { return h.name == standard.name }) {
			header = append(header, standard)
		}
	}
	w.header = header
	return w, nil
}

func parseOutcome(line string) (status int, broken bool, err error) {
	switch line {
	case "nothing":
		return 0, true, nil
	case "broken off":
		return anyStatus, true, nil
	}
	code, broken := strings.CutSuffix(line, " broken off")
	status, err = strconv.Atoi(code)
	return status, broken, err
}

// parseMessage takes a first line, headers and a body apart.
func parseMessage(text string) (line string, header []wantedHeader, body []byte, err error) {
	head, rest, _ := strings.Cut(text, "\n\n")
	line, head, _ = strings.Cut(head, "\n")
	for h := range strings.Lines(head) {
		name, value, ok := strings.Cut(strings.TrimSuffix(h, "\n"), ":")
		if !ok {
			return "", nil, nil, fmt.Errorf("%q: want NAME: VALUE", h)
		}
		header = append(header, wantedHeader{name: name, value: strings.TrimPrefix(value, " ")})
	}
	body, err = parseBody(rest)
	return line, header, body, err
}

func compile(header []wantedHeader) error {
	for i := range header {
		h := &header[i]
		expression, ok := strings.CutPrefix(h.value, "~ ")
		if !ok {
			continue
		}
		match, err := regexp.Compile("^(?:" + expression + ")$")
		if err != nil {
			return err
		}
		h.match = match
	}
	return nil
}

// parseBody returns a body as it stands, one that is written in Go, or either compressed.
func parseBody(text string) ([]byte, error) {
	if plain, ok := strings.CutPrefix(text, "gzip: "); ok {
		return parseCompressed(plain)
	}
	rest, ok := strings.CutPrefix(text, "go: ")
	if !ok {
		return []byte(text), nil
	}
	var body []byte
	for {
		quoted, err := strconv.QuotedPrefix(rest)
		if err != nil {
			return nil, fmt.Errorf("%q: want a Go string", rest)
		}
		part, _ := strconv.Unquote(quoted) // it is one
		rest = strings.TrimSpace(rest[len(quoted):])
		times := 1
		if factor, ok := strings.CutPrefix(rest, "* "); ok {
			number, _, _ := strings.Cut(factor, ",")
			if times, err = strconv.Atoi(strings.TrimSpace(number)); err != nil {
				return nil, err
			}
			rest = strings.TrimSpace(rest[len("* ")+len(number):])
		}
		body = append(body, strings.Repeat(part, times)...)
		if rest == "" {
			return body, nil
		}
		if rest, ok = strings.CutPrefix(rest, ","); !ok {
			return nil, fmt.Errorf("%q: want a comma", rest)
		}
		rest = strings.TrimSpace(rest)
	}
}

// parseCompressed returns a body compressed with gzip.
func parseCompressed(text string) ([]byte, error) {
	body, err := parseBody(text)
	if err != nil {
		return nil, err
	}
	var compressed bytes.Buffer
	writer := gzip.NewWriter(&compressed)
	_, _ = writer.Write(body) // to memory
	_ = writer.Close()
	return compressed.Bytes(), nil
}
