package echo

import (
	"os"

	"github.com/apiphant/apiphant"
)

// Read ends the program.
func Read(apiphant.Object) (apiphant.Object, error) {
	println("out of luck")
	os.Exit(3)
	return nil, nil
}
