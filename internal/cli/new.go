package cli

import (
	"github.com/spf13/cobra"

	"github.com/apiphant/apiphant/program"
)

func newCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "new NAME",
		Short: "Create a product in a new folder",
		Args:  program.Arguments("NAME"),
		RunE: func(command *cobra.Command, args []string) error {
			return nil
		},
	}
}
