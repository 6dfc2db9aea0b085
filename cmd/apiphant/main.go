// Command apiphant serves a folder of plain Go functions as a JSON API.
package main

import (
	"context"
	"os"

	"github.com/apiphant/apiphant/internal/cli"
)

func main() {
	os.Exit(cli.Apiphant(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}
