package cli

import (
	"github.com/spf13/cobra"

	"github.com/apiphant/apiphant/internal/command"
)

func routesCommand() *cobra.Command {
	asJSON, failOnAnyone := false, false
	cmd := &cobra.Command{
		Use:   "routes PATH",
		Short: "Print what is served, and by which function",
		Long: `Print every route of the product in PATH with who may call it, the function that serves
it and where it stands, and below it the further addresses that the function has. Who may
call it is what middlewares ask for (package auth), or "anyone" where none has asked.

With --json: a list of objects with method, path, version, target, action, addresses (objects
with method and pattern), access (what callers need), function, type, request and response (the names of their types),
comment (of the function), file and line.`,
		Args: command.Arguments("PATH"),
		RunE: func(cmd *cobra.Command, args []string) error {
			routes := []string{"routes"}
			if asJSON {
				routes = append(routes, "--json")
			}
			if failOnAnyone {
				routes = append(routes, "--fail-on-anyone")
			}
			return buildAndRun(cmd, args[0], routes)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&failOnAnyone, "fail-on-anyone", false, "exit with 1 if anyone may call a route, and name it")
	command.ShowEnvironment(cmd.Flags())
	return cmd
}
