package cli

import (
	"github.com/spf13/cobra"

	"github.com/apiphant/apiphant/internal/command"
)

func routesCommand() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "routes PATH",
		Short: "Print what is served, and by which function",
		Long: `Print every route of the product in PATH with the function that serves it and where it
stands, and below it the further addresses that the function has.

With --json: a list of objects with method, path, version, target, action, addresses (objects
with method and pattern), function, type, request and response (the names of their types),
comment (of the function), file and line.`,
		Args: command.Arguments("PATH"),
		RunE: func(cmd *cobra.Command, args []string) error {
			routes := []string{"routes"}
			if asJSON {
				routes = append(routes, "--json")
			}
			return buildAndRun(cmd, args[0], routes)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	command.ShowEnvironment(cmd.Flags())
	return cmd
}
