// Package items looks things up: objects, whose fields are asked for one by one.
package items

import (
	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/validation"
)

var names = map[int]string{1: "left shoe", 2: "right shoe"}

func Read(request apiphant.Object) (apiphant.Object, error) {
	id, err := validation.Field[int](request, "id", validation.Required(), validation.Min(1))
	if err != nil {
		return nil, err
	}
	name, found := names[id]
	if !found {
		return nil, validation.Invalid("id", id)
	}
	return apiphant.Object{"id": id, "name": name}, nil
}
