// Command test calls the product that is served at 127.0.0.1:8888. Its exit status is
// 1 after the first wrong answer. test.sh runs it.
package main

import (
	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/apitest"
)

func main() {
	apitest.Test("echo", "read", apiphant.Object{"hello": "world"},
		200, apiphant.Object{"hello": "world", "server": "myproduct"})
}
