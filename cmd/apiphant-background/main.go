// Command apiphant-background runs a product's tasks on their schedules, and
// works its jobs.
package main

import (
	"context"
	"os"

	"github.com/apiphant/apiphant/internal/cli"
)

func main() {
	os.Exit(cli.ApiphantBackground(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}
