package cli

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/apiphant/apiphant/deploy"
	"github.com/apiphant/apiphant/internal/command"
	"github.com/apiphant/apiphant/internal/product"
)

func packageCommand() *cobra.Command {
	architecture, version, binary, output, forLambda := runtime.GOARCH, "", "", "", false
	cmd := &cobra.Command{
		Use:   "package PATH",
		Short: "Write the product as a Debian package, for systemd, or as a zip for AWS Lambda",
		Long: `Write the product in PATH as a Debian package, NAME_VERSION_ARCH.deb: the static
program, systemd's units with a socket for each port, the user, and the settings of
deploy.conf in /etc/default/NAME. It needs dpkg-deb, and for another processor no
more than for this one.

The version is 0~ and the time where none is given, and the time that of
SOURCE_DATE_EPOCH, of the product's last commit, or now. From the same source and
time comes the same package. DEBFULLNAME and DEBEMAIL name who maintains it.

The program calls itself by that version; one that --binary names keeps its own.

With --lambda it is a zip for AWS Lambda, NAME.zip, of the program alone: the file
bootstrap, which Lambda's runtime provided.al2023 starts. API Gateway, function URLs and
load balancers reach the product's routes; queues, buckets and other events the functions
in PATH/api/events:

    func Message(ctx context.Context, message lambda.Message) error
    func File(ctx context.Context, file lambda.File) error
    func Event(ctx context.Context, event lambda.Event) (any, error)

and schedules the tasks in PATH/api/background. The program has the commands serve and
background, too. The same source gives the same bytes.`,
		Example: `  apiphant package shop --lambda --arch arm64 -o shop.zip
  aws lambda create-function --function-name shop --runtime provided.al2023 --handler bootstrap \
      --architectures arm64 --zip-file fileb://shop.zip --role ARN

  apiphant package shop --version 1.2.0
  apiphant package shop --arch arm64 -o /tmp
  sudo apt-get install ./shop_1.2.0_amd64.deb`,
		Args: command.Arguments("PATH"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains([]string{"amd64", "arm64"}, architecture) {
				return command.UsageError{Err: fmt.Errorf("--arch is %q: want amd64 or arm64", architecture)}
			}
			if forLambda {
				return writeLambda(cmd, args[0], architecture, version, output)
			}
			return writePackage(cmd, args[0], architecture, version, binary, output)
		},
	}
	cmd.Flags().StringVar(&architecture, "arch", architecture, "for which `processor`: amd64 or arm64")
	cmd.Flags().StringVar(&version, "version", "", "the package's `version`, such as 1.2.0")
	cmd.Flags().StringVar(&binary, "binary", "", "a `file` that apiphant build wrote for that processor, in place of building")
	cmd.Flags().StringVarP(&output, "output", "o", "", "the `file` to write, or an existing folder for it; the present one")
	cmd.Flags().BoolVar(&forLambda, "lambda", false, "write a zip for AWS Lambda")
	command.ShowEnvironment(cmd.Flags())
	return cmd
}

func writePackage(cmd *cobra.Command, path, architecture, version, binary, output string) error {
	deployment, err := loadChecked(path)
	if err != nil {
		return err
	}
	debian, err := deploy.NewDebian(cmd.Context(), path, version, architecture)
	if err != nil {
		return err
	}
	if binary == "" {
		dir, err := os.MkdirTemp("", "apiphant-package-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		binary = filepath.Join(dir, deployment.Name)
		if err := buildFor(cmd, path, architecture, product.BuildOptions{Output: binary, Version: debian.Version}); err != nil {
			return err
		}
	}
	file, err := deployment.Package(cmd.Context(), debian, binary, output)
	if err != nil {
		return err
	}
	fmt.Fprintln(cmd.OutOrStdout(), file)
	return nil
}

// buildFor builds for Linux on a processor, as one asks the go command to: by GOOS and
// GOARCH.
func buildFor(cmd *cobra.Command, path, processor string, options product.BuildOptions) error {
	for name, value := range map[string]string{"GOOS": "linux", "GOARCH": processor} {
		before, was := os.LookupEnv(name)
		if err := os.Setenv(name, value); err != nil {
			return err
		}
		if was {
			defer os.Setenv(name, before)
		} else {
			defer os.Unsetenv(name)
		}
	}
	found, err := product.Load(path)
	if err != nil {
		return err
	}
	for _, warning := range found.Warnings {
		fmt.Fprintln(cmd.ErrOrStderr(), "Warning: "+warning)
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	options.Progress = cmd.ErrOrStderr()
	_, err = found.Build(ctx, options)
	return err
}
