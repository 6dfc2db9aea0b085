// Command handmap is fasthttp with go-json into a map, by hand.
package main

import (
	"log"
	"os"

	"github.com/goccy/go-json"
	"github.com/valyala/fasthttp"

	"github.com/apiphant/apiphant/bench/message"
)

func main() {
	log.Fatal(fasthttp.ListenAndServe(os.Args[1], func(ctx *fasthttp.RequestCtx) {
		var object map[string]any
		if err := json.Unmarshal(ctx.PostBody(), &object); err != nil || object == nil {
			ctx.SetStatusCode(fasthttp.StatusBadRequest)
			return
		}
		object["server"] = message.Server
		answer, err := json.Marshal(object)
		if err != nil {
			ctx.SetStatusCode(fasthttp.StatusInternalServerError)
			return
		}
		ctx.SetContentType("application/json")
		ctx.SetBody(answer)
	}))
}
