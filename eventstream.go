package apiphant

import (
	"bytes"
	"context"
	"fmt"
	"mime"
	"reflect"
	"strconv"
	"strings"
)

// eventStream is the form of a stream that browsers read with an EventSource.
const eventStream = "text/event-stream"

// LastEventID returns the Last-Event-ID with which the client of an event stream
// comes back: the id of the last event that it got. "" where it has none. A row has
// an id where its type has the method EventID, see [Stream].
func LastEventID(ctx context.Context) string {
	id, _ := ctx.Value(lastEventKey{}).(string)
	return id
}

type lastEventKey struct{}

// eventIdentifier is a row that has an id.
type eventIdentifier interface{ EventID() string }

// eventID returns the id of a row; "": it has none.
func (e *encoder[R]) eventID(row *R) string {
	if identifier, ok := any(row).(eventIdentifier); ok {
		return identifier.EventID()
	}
	switch value := reflect.ValueOf(row).Elem(); value.Kind() {
	case reflect.Pointer, reflect.Interface: // a pointer to one has no methods
		if identifier, ok := any(*row).(eventIdentifier); ok && !isNil(reflect.ValueOf(identifier)) {
			return identifier.EventID()
		}
	}
	return ""
}

func isNil(value reflect.Value) bool {
	return value.Kind() == reflect.Pointer && value.IsNil()
}

// addEventID adds the line of an event's id.
func addEventID(event *bytes.Buffer, id string) error {
	if id == "" {
		return nil
	}
	if strings.ContainsAny(id, "\r\n\x00") {
		return fmt.Errorf("the row's EventID is %q: want no line break and no NUL", id)
	}
	event.WriteString("id: ")
	event.WriteString(id)
	event.WriteByte('\n')
	return nil
}

// prefersEvents reports whether an Accept (RFC 9110, section 12.5.1) names
// text/event-stream, and does not name application/jsonl with a quality as high.
func prefersEvents(accept string) bool {
	if !strings.Contains(accept, "/") {
		return false
	}
	var events, lines float64
	for part := range strings.SplitSeq(accept, ",") {
		name, parameters, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		quality := 1.0
		if q, ok := parameters["q"]; ok {
			if quality, err = strconv.ParseFloat(q, 64); err != nil {
				continue
			}
		}
		switch name {
		case eventStream:
			events = quality
		case "application/jsonl":
			lines = quality
		}
	}
	return events > lines
}
