package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/apiphant/apiphant/internal/command"
	"github.com/apiphant/apiphant/internal/product"
)

func buildCommand() *cobra.Command {
	output := ""
	cmd := &cobra.Command{
		Use:   "build PATH -o FILE",
		Short: "Write the product as one static program that needs no Go",
		Long: `Write the product in PATH as one static program, FILE, that needs neither Go nor its source:

    FILE serve HOST:PORT
    FILE routes
    FILE --help

GOOS and GOARCH in the environment choose another system and processor.`,
		Example: `  apiphant build myproduct -o myproduct.bin
  GOOS=linux GOARCH=arm64 apiphant build myproduct -o myproduct-arm64`,
		Args: command.Arguments("PATH"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if output == "" {
				return command.UsageError{Err: errors.New("-o FILE is missing")}
			}
			found, err := product.Load(args[0])
			if err != nil {
				return err
			}
			_, err = build(cmd, found, output)
			return err
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "the `file` to write, or an existing folder for it")
	command.ShowEnvironment(cmd.Flags())
	return cmd
}
