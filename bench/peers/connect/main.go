// Command connect is connect, its JSON codec with structpb's object.
package main

import (
	"context"
	"log"
	"net/http"
	"os"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/apiphant/apiphant/bench/message"
)

func main() {
	const path = "/api/v0/echo/read"
	http.Handle(path, connect.NewUnaryHandler(path,
		func(_ context.Context, request *connect.Request[structpb.Struct]) (*connect.Response[structpb.Struct], error) {
			request.Msg.Fields["server"] = structpb.NewStringValue(message.Server)
			return connect.NewResponse(request.Msg), nil
		}))
	log.Fatal(http.ListenAndServe(os.Args[1], nil))
}
