package cli

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/apiphant/apiphant/internal/command"
	"github.com/apiphant/apiphant/program/background"
)

// ApiphantBackground is the command apiphant-background. It returns the exit
// status: 0, 1 for a failure, 2 for wrong usage.
func ApiphantBackground(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	settings := &background.Settings{}
	root := &cobra.Command{
		Use:   "apiphant-background PATH",
		Short: "Run a product's tasks on their schedules, and work its jobs",
		Long: `Run the tasks that PATH/api/background lists, and work its jobs:

    func Tasks() []background.Task {
        return []background.Task{background.Seconds(60, UpdateSomething)}
    }

Without --database the tasks run one at a time, in this process. With it, any number
of workers share tasks and jobs. SIGTERM and SIGINT let what runs finish before the
program ends.`,
		Example: `  apiphant-background myproduct
  apiphant-background myproduct --list
  apiphant-background myproduct --once UpdateSomething
  apiphant-background myproduct --database sqlite:///var/lib/myproduct/jobs.db`,
		Args:    command.Arguments("PATH"),
		Version: version(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := settings.Check(); err != nil {
				return err
			}
			return buildAndRun(cmd, args[0], append([]string{"background"}, given(cmd.Flags())...))
		},
	}
	settings.AddFlags(root.Flags())
	return command.Execute(ctx, root, args, stdout, stderr)
}
