// Package templates holds what is rendered: the product that apiphant new creates
// others from, with the configurations that it is deployed with.
package templates

import "embed"

// Files has two folders. myproduct is a product of this module, compiled and
// tested with it, whose name and import paths are to be replaced by those of the
// new one; its files .tmpl are for text/template. deploy has what only the
// deployment itself needs.
//
//go:embed all:myproduct all:deploy
var Files embed.FS
