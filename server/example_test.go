package server_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server"
)

func ExampleServer_Serve() {
	api := &apiphant.API{}
	api.Handle("v0/echo", apiphant.Actions{
		Read: apiphant.Func(func(_ context.Context, request apiphant.Object) (apiphant.Object, error) { return request, nil }),
	})
	ln, err := server.Listen("127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background()) // for a program: signal.NotifyContext
	defer stop()
	ended := make(chan error)
	go func() {
		ended <- (&server.Server{API: api, MaxBody: 20}).Serve(ctx, ln)
	}()

	for _, body := range []string{`{"hello": "world"}`, `{"hello": "the whole world"}`} {
		answer, err := http.Post("http://"+ln.Addr().String()+"/api/v0/echo/read", "application/json", strings.NewReader(body))
		if err != nil {
			fmt.Println(err)
			return
		}
		text, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		fmt.Println(answer.StatusCode, string(text))
	}
	http.DefaultClient.CloseIdleConnections()
	stop()
	fmt.Println(<-ended)
	// Output:
	// 200 {"hello":"world"}
	// 413 {"error":"413 Request Entity Too Large"}
	// <nil>
}

func ExampleListen() {
	ln, err := server.Listen("127.0.0.1:0") // port 0 is a free one
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ln.Close()
	_, err = server.Listen(ln.Addr().String())
	_, reason, _ := strings.Cut(err.Error(), " is ")
	fmt.Println(reason)
	// Output: taken: another program listens there; stop it, or choose another port (0 takes a free one)
}

func ExampleParseAddress() {
	for _, address := range []string{"127.0.0.1:8001", "::1:8001", "[::1]:8001", ":0", "8001", "localhost:http"} {
		fmt.Println(server.ParseAddress(address))
	}
	// Output:
	// 127.0.0.1:8001 <nil>
	// [::1]:8001 <nil>
	// [::1]:8001 <nil>
	// :0 <nil>
	//  address "8001": want HOST:PORT, such as 127.0.0.1:8001
	//  address "localhost:http": want a port from 0 to 65535, got "http"
}
