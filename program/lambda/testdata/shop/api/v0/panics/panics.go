package panics

import (
	"runtime"

	"github.com/apiphant/apiphant"
)

func Read(request apiphant.Object) error { panic("on purpose") }

func Delete(request apiphant.Object) error { runtime.Goexit(); return nil }
