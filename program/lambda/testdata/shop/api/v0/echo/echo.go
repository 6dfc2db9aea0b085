package echo

import "github.com/apiphant/apiphant"

func Read(request apiphant.Object) (apiphant.Object, error) { return request, nil }
