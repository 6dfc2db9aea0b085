//go:build lambda.norpc

package cli

// The main of a product for AWS Lambda imports this door. go mod tidy looks at files of
// any build tag, and so keeps in a product's go.mod what the door imports; the command
// itself is built without the tag.
import _ "github.com/apiphant/apiphant/program/lambda"
