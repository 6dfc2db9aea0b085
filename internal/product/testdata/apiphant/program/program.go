// Package program serves the raw Read actions of a product with net/http. It
// takes the listener and says that it is ready as the real one does.
package program

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/apiphant/apiphant"
)

type Product struct {
	Name  string
	API   *apiphant.API
	Doors []Door
}

type Door any

func Main(product Product) {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		if err := serve(product.API); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Fprintln(os.Stderr, "drained")
		os.Exit(7)
	}
	var paths []string
	for path := range product.API.Routes {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	fmt.Println(product.Name, paths, os.Args[1:])
}

func serve(api *apiphant.API) error {
	ctx := context.Background()
	if api.Start != nil {
		if err := api.Start(ctx); err != nil {
			return err
		}
	}
	if os.Getenv("LISTEN_FDS") != "1" || os.Getenv("LISTEN_PID") != "" {
		return errors.New("no listener")
	}
	listener, err := net.FileListener(os.NewFile(3, "listener"))
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	for path, actions := range api.Routes {
		if raw, ok := actions.Read.(http.Handler); ok {
			mux.Handle("/api/"+path+"/read", raw)
		}
	}
	// Shutdown loses a request now and then; this waits for every connection.
	var connections sync.WaitGroup
	server := &http.Server{Handler: mux, ConnState: func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			connections.Add(1)
		case http.StateClosed:
			connections.Done()
		}
	}}
	server.SetKeepAlivesEnabled(false)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	served := make(chan error)
	go func() { served <- server.Serve(listener) }()
	notify, err := net.Dial("unixgram", os.Getenv("NOTIFY_SOCKET"))
	if err != nil {
		return err
	}
	if _, err := notify.Write([]byte("STATUS=serving\nREADY=1")); err != nil {
		return err
	}
	<-signals
	listener.Close()
	<-served
	time.AfterFunc(time.Minute, func() { os.Exit(8) })
	connections.Wait()
	return nil
}
