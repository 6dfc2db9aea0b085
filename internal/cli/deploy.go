package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/apiphant/apiphant/deploy"
	"github.com/apiphant/apiphant/internal/command"
	"github.com/apiphant/apiphant/internal/product"
	"github.com/apiphant/apiphant/program/serve"
)

func deployCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "deploy COMMAND PATH",
		Short: "Install a product on this machine, and put new versions live",
		Long: `Install the product in PATH on this machine, behind nginx and under supervisor or
systemd, and put new versions live. Its file deploy.conf says how; the configurations
are rendered from its folders supervisor, nginx and systemd.

The product's scripts deploy.sh and reload.sh are deploy apply and deploy reload.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return command.UsageError{Err: fmt.Errorf("there is no command deploy %q", args[0])}
			}
			return command.UsageError{Err: errors.New("a command is missing: apply, reload, render, check or prepare")}
		},
	}
	cmd.AddCommand(deployApplyCommand(), deployReloadCommand(), deployRenderCommand(), deployCheckCommand(), deployPrepareCommand(), deployFinishCommand())
	return cmd
}

// deployFlags are those of apply and reload.
type deployFlags struct {
	root   string
	with   []string
	binary string
	adopt  bool
	dryRun bool
}

func (f *deployFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.root, "root", "", "install below this `folder` in place of /, as who runs it, with an nginx and a supervisord of its own")
	flags.StringSliceVar(&f.with, "with", nil, "the parts: supervisor or systemd, and nginx (default supervisor,nginx)")
	flags.StringVar(&f.binary, "binary", "", "a `file` that apiphant build wrote, in place of building")
	flags.BoolVar(&f.dryRun, "dry-run", false, "print what would be done")
	command.ShowEnvironment(flags)
}

// run does a deployment; a signal lets it take back what it has begun.
func (f *deployFlags) run(cmd *cobra.Command, path string, do func(*deploy.Deployment, context.Context, deploy.Options) error) error {
	deployment, err := deploy.Load(path, f.root)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	return do(deployment, ctx, deploy.Options{
		With:     f.with,
		Binary:   f.binary,
		Adopt:    f.adopt,
		Build:    func(ctx context.Context, output string) error { return buildTo(ctx, path, output) },
		DryRun:   f.dryRun,
		Out:      cmd.OutOrStdout(),
		Finisher: func(with []string) (*exec.Cmd, error) { return finisher(path, deployment.Root, with) },
	})
}

// finisher returns this program as the finisher of a deployment with these parts.
func finisher(path, root string, with []string) (*exec.Cmd, error) {
	folder, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	program := "/proc/self/exe" // on Linux, also where the file was replaced meanwhile
	if _, err := os.Stat(program); err != nil {
		if program, err = os.Executable(); err != nil {
			return nil, err
		}
	}
	command := exec.Command(program, "deploy", "finish", folder, "--root", root, "--with", strings.Join(with, ","))
	command.Dir = "/"
	return command, nil
}

// deployFinishCommand is what a deployment starts as its finisher.
func deployFinishCommand() *cobra.Command {
	flags := deployFlags{}
	cmd := &cobra.Command{
		Use:    "finish PATH",
		Short:  "Finish what a deployment has left that was killed",
		Hidden: true,
		Args:   command.Arguments("PATH"),
		RunE: func(cmd *cobra.Command, args []string) error {
			deployment, err := deploy.Load(args[0], flags.root)
			if err != nil {
				return err
			}
			return deployment.Finish(cmd.Context(), deploy.Options{With: flags.with}, cmd.InOrStdin())
		},
	}
	flags.add(cmd)
	return cmd
}

func buildTo(ctx context.Context, path, output string) error {
	found, err := product.Load(path)
	if err != nil {
		return err
	}
	_, err = found.Build(ctx, product.BuildOptions{Output: output})
	return err
}

func deployApplyCommand() *cobra.Command {
	flags, remove := deployFlags{}, false
	cmd := &cobra.Command{
		Use:   "apply PATH",
		Short: "Install the product, or bring it up to date",
		Long: `Install the product in PATH, or bring it up to date, with the same outcome however
often it is done. It wants root. Each step says what it does; where one fails, the
version that was running runs on.

    /opt/NAME/releases/TIME/   the program and the files of public/
    /opt/NAME/current          leads to the one that is live
    /var/lib/NAME              the processes' working directory, for data
    /var/log/NAME              logs

All of it carries a mark, "apiphant product NAME": files in their first line, folders
in a file .apiphant, the user NAME in its comment. What is there without the mark is
somebody else's: apply names all of it, with the ports at which other programs
listen, and changes nothing; --remove takes away what has the mark and nothing else.

Where there is no Go, the program is taken from PATH/dist: see deploy prepare.`,
		Example: `  apiphant deploy apply shop --dry-run
  apiphant deploy apply shop --with systemd,nginx
  apiphant deploy apply shop --remove`,
		Args: command.Arguments("PATH"),
		RunE: func(cmd *cobra.Command, args []string) error {
			do := (*deploy.Deployment).Apply
			if remove {
				do = (*deploy.Deployment).Remove
			}
			return flags.run(cmd, args[0], do)
		},
	}
	cmd.Flags().BoolVar(&remove, "remove", false, "take away what was installed, but data and logs")
	cmd.Flags().BoolVar(&flags.adopt, "adopt", false, "mark as the product's own what an apiphant that wrote no marks has deployed here")
	flags.add(cmd)
	return cmd
}

func deployReloadCommand() *cobra.Command {
	flags := deployFlags{}
	cmd := &cobra.Command{
		Use:   "reload PATH",
		Short: "Put a new version live with no request refused",
		Long: `Put a new version of the product in PATH live: it is tried at a port of its own, then
process after process is restarted with it, each asked for its health before the
next. A version that does not come up healthy is taken back, and the exit status
is 1.`,
		Args: command.Arguments("PATH"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return flags.run(cmd, args[0], (*deploy.Deployment).Reload)
		},
	}
	flags.add(cmd)
	return cmd
}

func deployRenderCommand() *cobra.Command {
	root := ""
	cmd := &cobra.Command{
		Use:   "render PATH [PIECE]",
		Short: "Print one configuration, or the names of all",
		Long: `Print one configuration of the product in PATH, or the names of all.

The configuration lambda is a template of AWS SAM with all that the product needs there:
the function, an HTTP API, a queue and a bucket where api/events or the jobs have
something for them, and a schedule for each task. docs/lambda.md goes on from there.`,
		Example: `  apiphant deploy render shop nginx
  apiphant deploy render shop lambda > template.yaml`,
		Args: func(cmd *cobra.Command, args []string) error {
			return command.Arguments([]string{"PATH", "PIECE"}[:min(max(len(args), 1), 2)]...)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 2 && args[1] == deploy.LambdaName {
				return renderLambda(cmd, args[0])
			}
			deployment, err := deploy.Load(args[0], root)
			if err != nil {
				return err
			}
			if len(args) == 1 {
				return listPieces(cmd, deployment)
			}
			piece, err := deploy.FindPiece(args[1])
			if err != nil {
				return command.UsageError{Err: err}
			}
			content, err := deployment.Render(piece)
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(content)
			return err
		},
	}
	cmd.Flags().StringVar(&root, "root", "", "the `folder` that stands for /")
	command.ShowEnvironment(cmd.Flags())
	return cmd
}

func listPieces(cmd *cobra.Command, deployment *deploy.Deployment) error {
	table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	for _, piece := range deploy.Pieces() {
		fmt.Fprintf(table, "%s\t%s\t%s\n", piece.Name, deployment.Target(piece), piece.File)
	}
	fmt.Fprintln(table, deploy.LambdaName+"\ttemplate.yaml\tfor sam deploy")
	return table.Flush()
}

func deployCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check PATH",
		Short: "Read every configuration with the program that it is for",
		Long: `Render every configuration of the product in PATH and let the program read it that it
is for: nginx -t, supervisor's parser, logrotate --debug, and so on. What isn't
installed is skipped, and said to be. FLAGS are read as the command serve reads
them. Nothing is installed.`,
		Args: command.Arguments("PATH"),
		RunE: func(cmd *cobra.Command, args []string) error {
			deployment, err := loadChecked(args[0])
			if err != nil {
				return err
			}
			err = deployment.Check(cmd.Context(), cmd.OutOrStdout())
			if err != nil { // which has been told
				return command.ExitStatus(command.ExitFailure)
			}
			return nil
		},
	}
}

// loadChecked loads the settings of a product's deployment, and lets the command serve
// read its flags.
func loadChecked(path string) (*deploy.Deployment, error) {
	deployment, err := deploy.Load(path, "")
	if err != nil {
		return nil, err
	}
	settings, flags := serve.Settings{}, pflag.NewFlagSet("serve", pflag.ContinueOnError)
	settings.AddFlags(flags)
	err = flags.Parse(strings.Fields(deployment.ServeFlags()))
	if err == nil && flags.NArg() > 0 {
		err = fmt.Errorf("%q is no flag", flags.Arg(0))
	}
	if err == nil {
		err = settings.Check()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: FLAGS: %v", filepath.Join(path, deploy.ConfFile), err) // not wrapped, since it is no wrong usage of this command
	}
	return deployment, nil
}

func deployPrepareCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "prepare PATH",
		Short: "Write what a machine without Go needs to deploy the product",
		Long: `Write the product's program and this command into PATH/` + deploy.PreparedDir + `, for GOOS and GOARCH. Copy PATH
to a machine without Go, and run ./deploy.sh there.`,
		Args: command.Arguments("PATH"),
		RunE: func(cmd *cobra.Command, args []string) error {
			found, err := product.Load(args[0])
			if err != nil {
				return err
			}
			settings, err := deploy.ReadSettings(args[0])
			if err != nil {
				return err
			}
			written, err := found.Prepare(cmd.Context(), deploy.PreparedDir, settings.Name)
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), "Wrote "+strings.Join(written, " and "))
			return nil
		},
	}
}
