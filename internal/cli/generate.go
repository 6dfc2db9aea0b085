package cli

import (
	"github.com/spf13/cobra"

	"github.com/apiphant/apiphant/internal/command"
	"github.com/apiphant/apiphant/internal/product"
)

func generateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "generate PATH",
		Short: "Print the main that registers the product's functions",
		Long: `Print the main that apiphant compiles for the product in PATH.

It uses public calls only: a product with a go.mod of its own may keep it, build it
with go build, and do without this command.

A product may declare:

` + product.Declarations(),
		Example: `  mkdir -p myproduct/cmd/myproduct
  apiphant generate myproduct >myproduct/cmd/myproduct/main.go
  cd myproduct && go build ./cmd/myproduct`,
		Args: command.Arguments("PATH"),
		RunE: func(cmd *cobra.Command, args []string) error {
			found, err := product.Load(args[0])
			if err != nil {
				return err
			}
			source, err := found.Main()
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(source)
			return err
		},
	}
}
