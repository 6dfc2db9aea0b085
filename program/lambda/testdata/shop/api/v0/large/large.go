package large

import (
	"strings"

	"github.com/apiphant/apiphant"
)

func Read(request apiphant.Object) (apiphant.Object, error) {
	return apiphant.Object{"text": strings.Repeat("x", 7<<20)}, nil
}
