package program_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/program"
	"github.com/apiphant/apiphant/program/serve"
)

// newProduct is what the apiphant command writes for a folder with one function.
func newProduct() program.Product {
	api := &apiphant.API{}
	api.Handle("v0/echo", apiphant.Actions{
		Read: apiphant.Func(func(_ context.Context, request apiphant.Object) (apiphant.Object, error) { return request, nil }),
	})
	return program.Product{Name: "myproduct", API: api, Doors: []program.Door{serve.Door{}}}
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
