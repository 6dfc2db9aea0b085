package cli

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/apiphant/apiphant/deploy"
	"github.com/apiphant/apiphant/program"
)

func deployCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "deploy",
		Short: "Install a product on this machine, and put new versions live",
		Args:  program.Arguments("COMMAND"),
		RunE:  func(*cobra.Command, []string) error { return nil },
	}
	command.AddCommand(deployRenderCommand())
	return command
}

func deployRenderCommand() *cobra.Command {
	root := ""
	command := &cobra.Command{
		Use:   "render PATH [PIECE]",
		Short: "Print one configuration file, or the names of all",
		Args: func(command *cobra.Command, args []string) error {
			return program.Arguments([]string{"PATH", "PIECE"}[:min(max(len(args), 1), 2)]...)(command, args)
		},
		RunE: func(command *cobra.Command, args []string) error {
			deployment, err := deploy.Load(args[0], root)
			if err != nil {
				return err
			}
			if len(args) == 1 {
				table := tabwriter.NewWriter(command.OutOrStdout(), 0, 0, 2, ' ', 0)
				for _, piece := range deploy.Pieces() {
					fmt.Fprintf(table, "%s\t%s\t%s\n", piece.Name, deployment.Target(piece), piece.File)
				}
				return table.Flush()
			}
			piece, err := deploy.FindPiece(args[1])
			if err != nil {
				return program.UsageError{Err: err}
			}
			content, err := deployment.Render(piece)
			if err != nil {
				return err
			}
			_, err = command.OutOrStdout().Write(content)
			return err
		},
	}
	command.Flags().StringVar(&root, "root", "", "the `folder` that stands for /")
	program.ShowEnvironment(command.Flags())
	return command
}
