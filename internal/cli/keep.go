package cli

// A product's go.mod has the command as a tool, and so go mod tidy keeps what the
// command imports. Products' tests import apitest: without this import, the first of
// them would need go mod tidy again.
import _ "github.com/apiphant/apiphant/apitest"
