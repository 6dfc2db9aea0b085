// Command limit reads the request, and answers with a few bytes that it has,
// whatever was asked: nothing that is on fasthttp can be faster.
package main

import (
	"log"
	"os"

	"github.com/valyala/fasthttp"
)

func main() {
	answer := []byte(`{"hello":"world","server":"bench"}`)
	log.Fatal(fasthttp.ListenAndServe(os.Args[1], func(ctx *fasthttp.RequestCtx) {
		ctx.SetContentType("application/json")
		ctx.Response.SetBodyRaw(answer)
	}))
}
