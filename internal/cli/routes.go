package cli

import (
	"github.com/spf13/cobra"

	"github.com/apiphant/apiphant/program"
)

func routesCommand() *cobra.Command {
	asJSON := false
	command := &cobra.Command{
		Use:   "routes PATH",
		Short: "Print what is served, and by which function",
		Long: `Print every route of the product in PATH with the function that serves it and where it stands.

With --json: a list of objects with method, path, version, target, action, function, type, file and line.`,
		Args: program.Arguments("PATH"),
		RunE: func(command *cobra.Command, args []string) error {
			routes := []string{"routes"}
			if asJSON {
				routes = append(routes, "--json")
			}
			return buildAndRun(command, args[0], routes)
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	program.ShowEnvironment(command.Flags())
	return command
}
