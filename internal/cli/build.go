package cli

import (
	"github.com/spf13/cobra"

	"github.com/apiphant/apiphant/internal/product"
	"github.com/apiphant/apiphant/program"
)

func buildCommand() *cobra.Command {
	output := ""
	command := &cobra.Command{
		Use:   "build PATH [-o FILE]",
		Short: "Write the product as one static program that needs no Go",
		Long: `Write the product in PATH as one static program, FILE, that needs neither Go nor its source:

    FILE serve HOST:PORT
    FILE routes
    FILE --help

GOOS and GOARCH in the environment choose another system and processor.`,
		Example: `  apiphant build myproduct
  GOOS=linux GOARCH=arm64 apiphant build myproduct -o myproduct-arm64`,
		Args: program.Arguments("PATH"),
		RunE: func(command *cobra.Command, args []string) error {
			found, err := product.Load(args[0])
			if err != nil {
				return err
			}
			if output == "" {
				output = "."
			}
			_, err = build(command, found, output)
			return err
		},
	}
	command.Flags().StringVarP(&output, "output", "o", "", "the `file` to write; default: the product's name, in this folder")
	program.ShowEnvironment(command.Flags())
	return command
}
