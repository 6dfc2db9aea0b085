package validation

import "github.com/apiphant/apiphant"

// Decode decodes a JSON object into a T by the tags of T, as the body of a typed
// request is decoded, and returns the same errors. It is for JSON that is not the body
// of a typed request: of a webhook whose raw function has checked a signature, or of a
// union's member:
//
//	func (s *Shape) UnmarshalJSON(raw []byte) (err error) {
//		var kind struct{ Kind string }
//		if err := json.Unmarshal(raw, &kind); err != nil {
//			return err
//		}
//		switch kind.Kind {
//		case "circle":
//			s.Circle, err = validation.Decode[Circle](raw)
//		…
//
// The errors of fields that such an UnmarshalJSON returns are those of the request,
// below the value: shape.radius.
//
// T is a struct, a map or [apiphant.Object]. Any other T is an error of the program,
// which is answered with 500, and so is a tag that can't work. An empty raw is {}.
// Unknown and duplicate keys are ignored, also where [apiphant.API.Strict] is set. The
// result shares no memory with raw.
func Decode[T any](raw []byte) (T, error) { return DecodeAt[T]("", raw) }

// DecodeAt is [Decode] with a path that is put before the fields in errors: with
// "lines[1]", a field code is "lines[1].code". JSON that is no object makes the path
// itself invalid.
func DecodeAt[T any](path string, raw []byte) (T, error) {
	return apiphant.DecodeRequest[T](raw, path)
}
