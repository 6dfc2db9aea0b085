// Command limit serves bytes that it has: it reads the request, and answers with
// as many bytes as the others do. Nothing on fasthttp can be faster.
package main

import (
	"bytes"
	"fmt"
	"log"
	"os"

	"github.com/valyala/fasthttp"

	"github.com/apiphant/apiphant/bench/message"
)

func main() {
	// What the others add: ,"server":"bench"
	added := len(fmt.Sprintf(`,"server":%q`, message.Server))
	answer := bytes.Repeat([]byte("x"), 2<<20)
	log.Fatal(fasthttp.ListenAndServe(os.Args[1], func(ctx *fasthttp.RequestCtx) {
		ctx.SetContentType("application/json")
		ctx.Response.SetBodyRaw(answer[:len(ctx.PostBody())+added])
	}))
}
