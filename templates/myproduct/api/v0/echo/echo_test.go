package echo_test

import (
	"testing"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/apitest"

	"github.com/apiphant/apiphant/templates/myproduct/api/v0/echo"
)

// TestRead calls the function in the process of the test, without a port.
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

// TestServed builds the product, serves it, and calls it over a port.
func TestServed(t *testing.T) {
	server := apitest.Start(t, "../../..")

	server.Test("echo", "read", apiphant.Object{"hello": "world"},
		200, apiphant.Object{"hello": "world", "server": "myproduct"})
}
