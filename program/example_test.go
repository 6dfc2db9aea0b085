package program_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/program"
)

// newProduct is what the apiphant command writes for a folder with one function.
func newProduct() program.Product {
	api := &apiphant.API{}
	api.Handle("v0/echo", apiphant.Actions{
		Read: apiphant.Func(func(_ context.Context, request apiphant.Object) (apiphant.Object, error) { return request, nil }),
	})
	return program.Product{Name: "myproduct", API: api}
}

// A program serves until its context, or the process, is told to end.
func ExampleProduct_Run() {
	stderr, log := io.Pipe()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	status := make(chan int)
	go func() {
		status <- newProduct().Run(ctx, []string{"serve", "127.0.0.1:0", "--drain-window", "0"}, os.Stdout, log)
		log.Close()
	}()

	first := make([]byte, 100)
	n, _ := stderr.Read(first)
	url := regexp.MustCompile(`http://\S+`).FindString(string(first[:n]))
	fmt.Print(strings.Replace(string(first[:n]), url, "http://127.0.0.1:PORT/api", 1))

	answer, err := http.Post(url+"/v0/echo/read", "application/json", strings.NewReader(`{"hello":"world"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	text, _ := io.ReadAll(answer.Body)
	fmt.Println(answer.StatusCode, string(text))
	http.DefaultClient.CloseIdleConnections()

	go func() { _, _ = io.Copy(io.Discard, stderr) }()
	stop()
	fmt.Println("exit status", <-status)
	// Output:
	// Apiphant is serving myproduct/api at http://127.0.0.1:PORT/api
	// 200 {"hello":"world"}
	// exit status 0
}

// What was typed wrong is told in three lines.
func ExampleProduct_Run_usage() {
	status := newProduct().Run(context.Background(), []string{"serve", "127.0.0.1:8001", "--max-body", "much"}, os.Stdout, os.Stdout)
	fmt.Println("exit status", status)
	// Output:
	// myproduct: invalid argument "much" for "--max-body" flag: want a size of at least 1, such as 65536, 64KiB or 1MiB
	// usage: myproduct serve HOST:PORT [flags]
	//        myproduct serve --help says more
	// exit status 2
}

func ExampleNewLog() {
	entry := zapcore.Entry{
		Message: "it went wrong",
		Level:   zapcore.ErrorLevel,
		Time:    time.Date(2013, 8, 12, 13, 16, 52, 624e6, time.UTC),
		Caller:  zapcore.EntryCaller{Defined: true, Function: "example.com/server.Serve", Line: 107},
	}
	fields := []zapcore.Field{zap.String("request_id", "a.1"), zap.String("stack", "main.main()\n\tmain.go:7")}
	for _, form := range []string{program.LogText, program.LogJSON} {
		_ = program.NewLog(form, os.Stdout).Core().Write(entry, fields)
	}
	// Output:
	// ERROR at server.Serve:107 [2013-08-12 13:16:52,624] it went wrong {"request_id":"a.1"}
	//     main.main()
	//         main.go:7
	// {"level":"error","time":"2013-08-12T13:16:52.624Z","caller":"server.Serve:107","message":"it went wrong","request_id":"a.1","stack":"main.main()\n\tmain.go:7"}
}

func ExampleSlog() {
	log, end := io.Pipe()
	go func() {
		program.Slog(program.NewLog(program.LogText, end)).Warn("careful", "with", "this")
		end.Close()
	}()
	text, _ := io.ReadAll(log)
	level, _, _ := strings.Cut(string(text), " ")
	_, message, _ := strings.Cut(string(text), "] ")
	fmt.Print(level, " … ", message)
	// Output: WARN … careful {"with":"this"}
}

// A command of one's own takes its settings and tells its errors as all of
// apiphant's do.
func ExampleExecute() {
	number := 1
	command := &cobra.Command{
		Use:  "count NAME",
		Args: program.Arguments("NAME"),
		RunE: func(_ *cobra.Command, args []string) error {
			if number < 0 {
				return errors.New("there are no negative elephants")
			}
			fmt.Println(number, args[0])
			return nil
		},
	}
	command.Flags().IntVar(&number, "number", number, "how many")
	program.ShowEnvironment(command.Flags())

	run := func(args ...string) {
		fmt.Println("exit status", program.Execute(context.Background(), command, args, os.Stdout, os.Stdout))
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
	var size program.Size
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
