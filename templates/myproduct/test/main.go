// Command test asks the product that is served at 127.0.0.1:8888 as its callers
// do, and ends with exit status 1 at the first answer that is not as wanted.
// test.sh runs it.
package main

import (
	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/apitest"
)

func main() {
	apitest.Test("echo", "read", apiphant.Object{"hello": "world"},
		200, apiphant.Object{"hello": "world", "server": "myproduct"})
}
