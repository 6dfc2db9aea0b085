package cli

import (
	"context"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/apiphant/apiphant/deploy"
	"github.com/apiphant/apiphant/internal/origin"
	"github.com/apiphant/apiphant/internal/product"
)

// renderLambda prints the template for AWS Lambda of the product in a folder.
func renderLambda(cmd *cobra.Command, path string) error {
	settings, err := deploy.ReadSettings(path)
	if err != nil {
		return err
	}
	found, err := product.Load(path)
	if err != nil {
		return err
	}
	has := deploy.Lambda{API: slices.ContainsFunc(found.Packages, func(p product.Package) bool {
		return slices.ContainsFunc(p.Functions, func(f product.Function) bool { return f.Adapter != "" || f.Name == "Actions" })
	})}
	for _, door := range found.Doors {
		switch door.Path {
		case "events":
			has.Messages, has.Files = door.Function("Message") != nil, door.Function("File") != nil
		case "background":
			has.Jobs = door.Function("Jobs") != nil
			if has.QueueIsDatabase, err = importsSQS(filepath.Join(found.Dir, "api", "background")); err != nil {
				return err
			}
			if door.Function("Tasks") != nil {
				if has.Tasks, err = listTasks(cmd.Context(), cmd, found); err != nil {
					return err
				}
			}
		}
	}
	rendered, err := settings.RenderLambda(has)
	if err != nil {
		return err
	}
	_, err = cmd.OutOrStdout().Write(rendered)
	return err
}

// importsSQS reports whether a package of a product imports background/sqs.
func importsSQS(folder string) (bool, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return false, err
	}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return false, err
		}
		for _, imported := range parsed.Imports {
			if name, _ := strconv.Unquote(imported.Path.Value); name == origin.Path+"/background/sqs" {
				return true, nil
			}
		}
	}
	return false, nil
}

// listTasks builds the product, and asks it for its tasks.
func listTasks(ctx context.Context, cmd *cobra.Command, found *product.Product) (tasks []deploy.LambdaTask, err error) {
	binary, err := found.Build(ctx, product.BuildOptions{Progress: cmd.ErrOrStderr()})
	if err != nil {
		return nil, err
	}
	out, err := exec.CommandContext(ctx, binary, "background", "--list").Output()
	if exit := (&exec.ExitError{}); errors.As(err, &exit) {
		return nil, fmt.Errorf("%s background --list: %w: %s", found.Name, err, exit.Stderr)
	} else if err != nil {
		return nil, err
	}
	return tasksOf(string(out)), nil
}

// taskLine is a line of background --list about a task: its name, its schedule and its
// next times. A job has the word job in place of a schedule.
var taskLine = regexp.MustCompile(`^(\S.*?) {2,}(\S.*?)((?: {2,}\d{4}-\S+)*)$`)

func tasksOf(list string) (tasks []deploy.LambdaTask) {
	for line := range strings.Lines(list) {
		if parts := taskLine.FindStringSubmatch(strings.TrimRight(line, "\n")); parts != nil && !strings.HasPrefix(parts[2], "job ") {
			tasks = append(tasks, deploy.LambdaTask{Name: parts[1], Schedule: parts[2]})
		}
	}
	return tasks
}
