// Package templates holds the product that apiphant new creates others from.
package templates

import "embed"

// Files has the folder myproduct: a product of this module, compiled and tested
// with it, whose name and import paths are to be replaced by those of the new
// one.
//
//go:embed all:myproduct
var Files embed.FS
