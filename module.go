package apiphant

import _ "embed"

//go:embed go.mod
var goMod []byte

//go:embed go.sum
var goSum []byte

// ModuleFiles returns apiphant's own go.mod and go.sum. The apiphant command
// takes from them what a product without a go.mod is compiled with; a program
// that does not call it does not contain them.
func ModuleFiles() (mod, sum []byte) { return goMod, goSum }
