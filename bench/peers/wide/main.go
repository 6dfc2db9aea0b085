// Command wide is a built product, written by hand, whose table has as many
// routes as the variable ROUTES says.
package main

import (
	"fmt"
	"os"
	"strconv"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/program"
	"github.com/apiphant/apiphant/program/serve"

	echo "github.com/apiphant/apiphant/bench/product/api/v0/echo"
)

func main() {
	routes, err := strconv.Atoi(os.Getenv("ROUTES"))
	if err != nil || routes < 1 {
		fmt.Fprintln(os.Stderr, "ROUTES: want a number from 1 on")
		os.Exit(2)
	}
	program.Main(program.Product{Name: "wide", API: table(routes), Doors: []program.Door{serve.Door{}}})
}

func table(routes int) *apiphant.API {
	table := &apiphant.API{}
	table.Handle("v0/echo", apiphant.Actions{Read: apiphant.Func(echo.Read)})
	for i := range routes - 1 {
		table.Handle(fmt.Sprintf("v0/echo-%d", i), apiphant.Actions{Read: apiphant.Func(echo.Read)})
	}
	return table
}
