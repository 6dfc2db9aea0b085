package cli

import (
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/apiphant/apiphant/deploy"
	"github.com/apiphant/apiphant/internal/command"
)

func newCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "new NAME",
		Short: "Create a product in a new folder",
		Long: `Create the product NAME in a new folder of that name, as a Go module of its own
with one function, its tests, and a script that runs them.

NAME has lower-case letters, digits and -, begins with a letter, and is no name of
Go's standard library; it may have a path before it. Nothing is written over.`,
		Example: `  apiphant new shop
  cd shop && ./test.sh
  apiphant . 127.0.0.1:8001`,
		Args: command.Arguments("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := deploy.CheckName(filepath.Base(args[0])); err != nil {
				return command.UsageError{Err: err}
			}
			return deploy.New(cmd.OutOrStdout(), args[0])
		},
	}
}
