package apiphant

import "maps"

// Object is a JSON object with its values decoded: nil, bool, string,
// [encoding/json.Number], []any and map[string]any.
//
// Numbers keep their text, so that 12345678901234567890, 1.0 and 1e400 are sent as
// they came. Nothing in an Object refers to memory that is used again: a function may
// keep it, or any part of it.
type Object map[string]any

// Copy returns a shallow copy: the values are shared with o. The copy of a nil
// Object is an empty one, so that it can always be written to.
func (o Object) Copy() Object {
	if o == nil {
		return Object{}
	}
	return maps.Clone(o)
}
