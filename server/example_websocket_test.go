package server_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/coder/websocket"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server"
)

// Echo answers each message of a WebSocket with itself.
func Echo(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // Accept has answered
	}
	defer c.CloseNow()
	// The context ends when the server drains. Reads don't end with it, so that the
	// client hears of it.
	goodbye := context.AfterFunc(r.Context(), func() { c.Close(websocket.StatusGoingAway, "") })
	defer goodbye()
	ctx := context.WithoutCancel(r.Context())
	for {
		kind, message, err := c.Read(ctx)
		if err != nil || c.Write(ctx, kind, message) != nil {
			return // the client, or this server, has gone
		}
	}
}

// A WebSocket: a function takes over its connection. It may be open for longer than
// calls usually run, so its action has no Timeout.
func Example_webSocket() {
	api := &apiphant.API{}
	api.Handle("v0/echo", apiphant.Actions{Read: apiphant.Raw(Echo).Timeout(-1)})
	ln, err := server.Listen("127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	ctx, drain := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- (&server.Server{API: api, DrainWindow: -1}).Serve(ctx, ln) }()

	c, _, err := websocket.Dial(context.Background(), "ws://"+ln.Addr().String()+"/api/v0/echo/read", nil)
	if err != nil {
		panic(err)
	}
	_ = c.Write(context.Background(), websocket.MessageText, []byte("hello"))
	_, message, err := c.Read(context.Background())
	fmt.Println(string(message), err)

	drain()
	_, _, err = c.Read(context.Background())
	fmt.Println(websocket.CloseStatus(err))
	fmt.Println(<-ended)
	// Output:
	// hello <nil>
	// StatusGoingAway
	// <nil>
}
