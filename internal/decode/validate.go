package decode

import (
	"reflect"
	"unsafe"
)

// validate calls the Validate methods of a value that was decoded without problems:
// those of embedded structs first.
func (d *decoder) validate(n *node, dst unsafe.Pointer) {
	if n.object != nil {
		found := d.found
		for i := range n.object.embedded {
			e := &n.object.embedded[i]
			if p := e.find(dst); p != nil {
				d.callValidate(e.typ, p)
			}
		}
		if d.found > found {
			return
		}
	}
	if n.validator {
		d.callValidate(n.typ, dst)
	}
}

func (d *decoder) callValidate(t reflect.Type, p unsafe.Pointer) {
	err := reflect.NewAt(t, p).Interface().(validator).Validate()
	if err == nil {
		return
	}
	var problems []Problem
	var stop error
	if d.meaning != nil {
		problems, stop = d.meaning(err)
	}
	for _, problem := range problems {
		d.add(problem)
	}
	switch {
	case stop == nil && len(problems) == 0:
		d.add(Problem{State: Invalid, Err: err})
	case d.stop == nil:
		d.stop = stop
	}
}

// validator is a type that checks its values as a whole.
type validator interface{ Validate() error }
