package doortest

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"github.com/apiphant/apiphant"
)

// dated has dates, durations, and rules for elements.
type dated struct {
	Day    time.Time            `json:"day" format:"date"`
	Took   time.Duration        `json:"took" format:"duration"`
	At     time.Time            `json:"at" format:"date-time"`
	Clock  string               `json:"clock" format:"time" default:"00:00:00Z"`
	Days   []time.Time          `json:"days" format:"date"`
	Tags   []string             `json:"tags" pattern:"^[a-z]+$" items:"maxLength=3" maxLength:"3"`
	Prices map[string]float64   `json:"prices" multipleOf:"0.01" minimum:"0"`
	Names  map[string][]string  `json:"names" items:"minItems=1,items.maxLength=5"`
	Nested []map[string][]int64 `json:"nested"`
	Bytes  []byte               `json:"bytes"`
}

// changes is a partial update.
type changes struct {
	Name  apiphant.Optional[string]    `json:"name" minLength:"1"`
	Day   apiphant.Optional[time.Time] `json:"day" format:"date"`
	Tags  apiphant.Optional[[]string]  `json:"tags" pattern:"^[a-z]+$"`
	Count sql.Null[int]                `json:"count" minimum:"1"`
	Own   ownNull                      `json:"own"`
}

// ownNull answers with what its UnmarshalJSON got.
type ownNull struct{ got json.RawMessage }

func (o *ownNull) UnmarshalJSON(text []byte) error {
	o.got = append(json.RawMessage(nil), text...)
	return nil
}

func (o ownNull) MarshalJSON() ([]byte, error) { return json.Marshal(string(o.got)) }

// addTypes adds functions with types that mean more than their JSON; each answers with
// its request.
func addTypes(read func(string, apiphant.Action)) {
	read("v0/types/dated", apiphant.Func(func(_ context.Context, request dated) (dated, error) { return request, nil }))
	read("v0/types/changes", apiphant.Func(func(_ context.Context, request changes) (changes, error) { return request, nil }))
	read("v0/types/map", apiphant.FuncWithoutContext(func(request map[string]int) (map[string]int, error) { return request, nil }))
}
