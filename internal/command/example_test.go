package command_test

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/apiphant/apiphant/internal/command"
)

// Settings come from flags and the environment, and errors are one message.
func ExampleExecute() {
	number := 1
	count := &cobra.Command{
		Use:  "count NAME",
		Args: command.Arguments("NAME"),
		RunE: func(_ *cobra.Command, args []string) error {
			if number < 0 {
				return errors.New("there are no negative elephants")
			}
			fmt.Println(number, args[0])
			return nil
		},
	}
	count.Flags().IntVar(&number, "number", number, "how many")
	command.ShowEnvironment(count.Flags())

	run := func(args ...string) {
		fmt.Println("exit status", command.Execute(context.Background(), count, args, os.Stdout, os.Stdout))
	}
	os.Setenv("APIPHANT_NUMBER", "3")
	defer os.Unsetenv("APIPHANT_NUMBER")
	run("elephants")
	run("elephants", "--number", "-1")
	run()
	// Output:
	// 3 elephants
	// exit status 0
	// count: there are no negative elephants
	// exit status 1
	// count: NAME is missing
	// usage: count NAME [flags]
	//        count --help says more
	// exit status 2
}

func ExampleSize() {
	var size command.Size
	for _, text := range []string{"65536", "64KB", "1MiB", "-1"} {
		err := size.Set(text)
		fmt.Println(int64(size), size.String(), err)
	}
	// Output:
	// 65536 64KiB <nil>
	// 64000 64KB <nil>
	// 1048576 1MiB <nil>
	// 1048576 1MiB want a size of at least 1, such as 65536, 64KiB or 1MiB
}
