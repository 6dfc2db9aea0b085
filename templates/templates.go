// Package templates has the product that apiphant new copies, and the templates of the
// configurations with which products are deployed.
package templates

import "embed"

// Files has two folders. myproduct is a product of this module, which is compiled and
// tested with it; a copy has another name and other import paths. Its .tmpl files are
// for text/template. deploy has the templates that are no part of a product.
//
//go:embed all:myproduct all:deploy
var Files embed.FS
