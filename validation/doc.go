// Package validation reads fields of an [apiphant.Object] and checks them:
//
//	func Read(ctx context.Context, request apiphant.Object) (apiphant.Object, error) {
//		id, err := validation.Field[int](request, "id", validation.Required(), validation.Min(1))
//		if err != nil {
//			return nil, err
//		}
//		…
//
//	{"id": 7}    → id is 7
//	{}           → 400 {"error":{"field":"id","state":"missing"}}
//	{"id": "7"}  → 400 {"error":{"field":"id","state":"invalid"}}
//
// [Missing], [Invalid] and [BadRequest] return the same errors, for checks that a
// function makes by itself:
//
//	return nil, validation.Invalid("id", id)  →  400 {"error":{"field":"id","state":"invalid","explain":7}}
package validation
