package program

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
)

// Check returns what is wrong with the API. One that serves nothing is wrong,
// too: a door that serves the API calls Check first.
func (p Product) Check() error {
	if err := p.API.Check(); err != nil {
		return err
	}
	if len(p.API.Routes()) == 0 {
		return fmt.Errorf("nothing to serve: write a function Create, Read, Update or Delete in a folder such as %s/api/v0/echo", p.Name)
	}
	return nil
}

var errNoTasks = errors.New("nothing to run in the background: list tasks or jobs in api/background/background.go, such as\n\n" +
	"\tfunc Tasks() []background.Task {\n\t\treturn []background.Task{background.Seconds(60, UpdateSomething)}\n\t}")

// addAbsent adds a command for each usual door that the program lacks. It fails,
// and says what the product lacks.
func (p Product) addAbsent(root *cobra.Command) {
	for _, door := range []struct {
		name, short string
		lacks       func() error
	}{
		{"serve", "Serve the API (it has nothing to serve)", p.cannotServe},
		{"background", "Run tasks and jobs (it has none)", func() error { return errNoTasks }},
	} {
		if slices.ContainsFunc(root.Commands(), func(c *cobra.Command) bool { return c.Name() == door.name }) {
			continue
		}
		root.AddCommand(&cobra.Command{
			Use:   door.name,
			Short: door.short,
			RunE: func(command *cobra.Command, args []string) error {
				if slices.Contains(args, "--help") || slices.Contains(args, "-h") {
					return command.Help()
				}
				return door.lacks()
			},
			DisableFlagParsing: true, // whatever the arguments are
		})
	}
}

func (p Product) cannotServe() error {
	if err := p.Check(); err != nil {
		return err
	}
	return errors.New("this program is built without the door serve: add serve.Door{} of github.com/apiphant/apiphant/program/serve to its Doors")
}
