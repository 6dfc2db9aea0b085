// Command twirp is twirp, its JSON with structpb's object.
package main

import (
	"context"
	"log"
	"net/http"
	"os"

	"github.com/twitchtv/twirp"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/apiphant/apiphant/bench/message"
)

type echo struct{}

func (echo) Read(_ context.Context, request *structpb.Struct) (*structpb.Struct, error) {
	request.Fields["server"] = structpb.NewStringValue(message.Server)
	return request, nil
}

func main() {
	log.Fatal(http.ListenAndServe(os.Args[1], NewEchoServer(echo{}, twirp.WithServerPathPrefix("/api/v0"))))
}
