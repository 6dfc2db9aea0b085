// Command handstruct is fasthttp with go-json into a struct by hand, with all
// that can be spared: the struct and the buffer are used again, and strings are
// not copied, which is only right because nothing is kept.
package main

import (
	"log"
	"os"
	"sync"

	"github.com/goccy/go-json"
	"github.com/valyala/fasthttp"

	"github.com/apiphant/apiphant/bench/message"
)

func main() {
	messages := sync.Pool{New: func() any { return new(message.Message) }}
	log.Fatal(fasthttp.ListenAndServe(os.Args[1], func(ctx *fasthttp.RequestCtx) {
		m := messages.Get().(*message.Message)
		defer messages.Put(m)
		clear(m.Items)
		*m = message.Message{Items: m.Items[:0]}
		if err := json.UnmarshalWithOption(ctx.PostBody(), m, json.DecodeNoCopyString()); err != nil {
			ctx.SetStatusCode(fasthttp.StatusBadRequest)
			return
		}
		m.Server = message.Server
		ctx.SetContentType("application/json")
		if err := json.NewEncoder(ctx).EncodeWithOption(m, json.DisableHTMLEscape()); err != nil {
			ctx.SetStatusCode(fasthttp.StatusInternalServerError)
		}
	}))
}
