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
	architecture, version, binary, output := runtime.GOARCH, "", "", ""
	cmd := &cobra.Command{
		Use:   "package PATH",
		Short: "Write the product as a Debian package, for systemd",
		Long: `Write the product in PATH as a Debian package, NAME_VERSION_ARCH.deb: the static
program, systemd's units with a socket for each port, the user, and the settings of
deploy.conf in /etc/default/NAME. It needs dpkg-deb, and for another processor no
more than for this one.

The version is 0~ and the time where none is given, and the time that of
SOURCE_DATE_EPOCH, of the product's last commit, or now. From the same source and
time comes the same package. DEBFULLNAME and DEBEMAIL name who maintains it.

The program calls itself by that version; one that --binary names keeps its own.`,
		Example: `  apiphant package shop --version 1.2.0
  apiphant package shop --arch arm64 -o /tmp
  sudo apt-get install ./shop_1.2.0_amd64.deb`,
		Args: command.Arguments("PATH"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains([]string{"amd64", "arm64"}, architecture) {
				return command.UsageError{Err: fmt.Errorf("--arch is %q: want amd64 or arm64", architecture)}
			}
			return writePackage(cmd, args[0], architecture, version, binary, output)
		},
	}
	cmd.Flags().StringVar(&architecture, "arch", architecture, "for which `processor`: amd64 or arm64")
	cmd.Flags().StringVar(&version, "version", "", "the package's `version`, such as 1.2.0")
	cmd.Flags().StringVar(&binary, "binary", "", "a `file` that apiphant build wrote for that processor, in place of building")
	cmd.Flags().StringVarP(&output, "output", "o", "", "the `file` to write, or an existing folder for it; the present one")
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
		if err := buildFor(cmd, path, "linux", architecture, debian.Version, binary); err != nil {
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

// buildFor builds for another machine, as one asks the go command to: by GOOS and
// GOARCH.
func buildFor(cmd *cobra.Command, path, system, processor, version, output string) error {
	for name, value := range map[string]string{"GOOS": system, "GOARCH": processor} {
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
	ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	_, err = found.Build(ctx, product.BuildOptions{Output: output, Version: version, Progress: cmd.ErrOrStderr()})
	return err
}
