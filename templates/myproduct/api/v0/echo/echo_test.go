package echo_test

import (
	"testing"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/apitest"

	"github.com/apiphant/apiphant/templates/myproduct/api/v0/echo"
)

// TestRead asks the function in the test's own process, without a port.
func TestRead(t *testing.T) {
	api := &apiphant.API{}
	api.Handle("v0/echo", apiphant.Actions{Read: apiphant.Func(echo.Read)})
	server := apitest.Local(t, api)

	server.Test("echo", "read", apiphant.Object{"hello": "world"},
		200, apiphant.Object{"hello": "world", "server": "myproduct"})
	server.Test("echo", "read", nil,
		200, apiphant.Object{"server": "myproduct"})
	server.Test("echo", "read", []int{1},
		400, apiphant.Object{"error": "Request content should be JSON Object"})
}

// TestServed builds the whole product and asks it as its callers will.
func TestServed(t *testing.T) {
	server := apitest.Start(t, "../../..")

	server.Test("echo", "read", apiphant.Object{"hello": "world"},
		200, apiphant.Object{"hello": "world", "server": "myproduct"})
}
