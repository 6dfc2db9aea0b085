package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/apiphant/apiphant/internal/command"
)

// maxIndented is how large an answer may be that is held in memory to be indented, in
// bytes. Larger ones are printed as they come.
const maxIndented = 1 << 20

// printAnswer prints an answer, and returns an error for one that is no success.
func printAnswer(ctx context.Context, answer *http.Response, took time.Duration, stdout, stderr io.Writer) error {
	pretty := isTerminal(stdout)
	if pretty {
		fmt.Fprintf(stderr, "%s, %s, %s\n", answer.Status, cmp.Or(contentType(answer), "no content type"), took.Round(time.Millisecond))
	}
	var err error
	if pretty && isJSON(answer) {
		err = printIndented(answer.Body, stdout)
	} else {
		_, err = io.Copy(stdout, answer.Body)
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the answer is cut off: the server has closed the connection before its end")
	case err != nil:
		return err
	case answer.StatusCode < 400:
		return nil
	case pretty:
		return command.ExitStatus(command.ExitFailure) // the status was printed
	}
	return errors.New(answer.Status)
}

// contentType returns the media type of an answer without its parameters.
func contentType(answer *http.Response) string {
	found, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type")) // what is none is ""
	return found
}

// isStream reports whether an answer may go on for as long as the server likes.
func isStream(answer *http.Response) bool {
	switch contentType(answer) {
	case "text/event-stream", "application/jsonl", "application/x-ndjson", "application/json-seq":
		return true
	}
	return false
}

func isJSON(answer *http.Response) bool {
	found := contentType(answer)
	return found == "application/json" || strings.HasSuffix(found, "+json")
}

// printIndented prints JSON with line breaks, and what is none, or too large, as it came.
func printIndented(from io.Reader, to io.Writer) error {
	text, err := io.ReadAll(io.LimitReader(from, maxIndented+1))
	if err == nil && len(text) <= maxIndented {
		var indented bytes.Buffer
		if json.Indent(&indented, bytes.TrimSpace(text), "", "  ") == nil {
			text = append(indented.Bytes(), '\n')
		}
	}
	if _, failed := to.Write(text); failed != nil {
		return failed
	}
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return err
}

// isTerminal reports whether somebody reads what is written. The null device is a
// character device, too.
func isTerminal(to io.Writer) bool {
	file, ok := to.(*os.File)
	if !ok {
		return false
	}
	about, err := file.Stat()
	if err != nil || about.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(about, null)
}
