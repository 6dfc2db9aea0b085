package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/apiphant/apiphant/internal/product"
	"github.com/apiphant/apiphant/program"
)

func buildCommand() *cobra.Command {
	output := ""
	command := &cobra.Command{
		Use:   "build PATH -o FILE",
		Short: "Write the product as one static program that needs no Go",
		Long: `Write the product in PATH as one static program, FILE, that needs neither Go nor its source:

    FILE serve HOST:PORT
    FILE routes
    FILE --help

GOOS and GOARCH in the environment choose another system and processor.`,
		Example: `  apiphant build myproduct -o myproduct.bin
  GOOS=linux GOARCH=arm64 apiphant build myproduct -o myproduct-arm64`,
		Args: program.Arguments("PATH"),
		RunE: func(command *cobra.Command, args []string) error {
			if output == "" {
				return program.UsageError{Err: errors.New("-o FILE is missing")}
			}
			found, err := product.Load(args[0])
			if err != nil {
				return err
			}
			_, err = build(command, found, output)
			return err
		},
	}
	command.Flags().StringVarP(&output, "output", "o", "", "the `file` to write, or an existing folder for it")
	program.ShowEnvironment(command.Flags())
	return command
}
