package logging_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/apiphant/apiphant/internal/logging"
)

// shown is a text, and count a number, that the message has, too.
type (
	shown string
	count int
)

func (s shown) InMessage() string { return string(s) }
func (count) InMessage() string   { return "" }

// TestFieldsOfTheMessage tests that what a message says is not repeated for
// people, and is in fields of its own in JSON.
func TestFieldsOfTheMessage(t *testing.T) {
	for _, long := range []string{"no luck", strings.Repeat("x", 3000)} {
		write := func(form string) string {
			var out bytes.Buffer
			logging.New(form, &out).Log(t.Context(), slog.LevelInfo, "Job a failed:", "job", shown("a"), "attempt", count(2), "error", shown(long), "other", 1)
			return out.String()
		}
		if text := write(logging.Text); !strings.HasSuffix(text, "] Job a failed: {\"other\":1}\n") {
			t.Errorf("text: got %q", text)
		}
		var got struct {
			Job, Error, Message string
			Attempt, Other      int
		}
		if err := json.Unmarshal([]byte(write(logging.JSON)), &got); err != nil {
			t.Fatal(err)
		}
		if got.Job != "a" || got.Attempt != 2 || got.Other != 1 || !strings.HasPrefix(got.Error, long[:7]) || len(got.Error) > 1100 {
			t.Errorf("JSON: got %+v", got)
		}
	}
}
