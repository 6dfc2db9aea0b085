package cli

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/apiphant/apiphant/deploy"
	"github.com/apiphant/apiphant/internal/command"
	"github.com/apiphant/apiphant/internal/product"
)

// writeLambda writes the product as a zip for AWS Lambda.
func writeLambda(cmd *cobra.Command, path, architecture, version, output string) error {
	if cmd.Flags().Changed("binary") {
		return command.UsageError{Err: errors.New("--binary is for a Debian package: --lambda builds a program with a door of its own")}
	}
	switch info, err := os.Stat(cmp.Or(output, ".")); {
	case err == nil && info.IsDir():
		name, err := filepath.Abs(path)
		if err != nil {
			return err
		}
		output = filepath.Join(output, filepath.Base(name)+".zip")
	case !strings.HasSuffix(output, ".zip"):
		return command.UsageError{Err: errors.New("-o is " + output + ": want a file whose name ends with .zip, or a folder")}
	}
	dir, err := os.MkdirTemp("", "apiphant-package-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "bootstrap")
	if err := buildFor(cmd, path, architecture, product.BuildOptions{Output: program, Version: version, Lambda: true}); err != nil {
		return err
	}
	if err := deploy.WriteLambda(program, output); err != nil {
		return err
	}
	fmt.Fprintln(cmd.OutOrStdout(), output)
	return nil
}
