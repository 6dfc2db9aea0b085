// Command hertz is hertz with its JSON, into a map.
package main

import (
	"context"
	"os"

	"github.com/cloudwego/hertz/pkg/app"
	"github.com/cloudwego/hertz/pkg/app/server"
	"github.com/cloudwego/hertz/pkg/common/hlog"

	"github.com/apiphant/apiphant/bench/message"
)

func main() {
	hlog.SetLevel(hlog.LevelFatal)
	h := server.New(server.WithHostPorts(os.Args[1]))
	h.POST("/api/v0/echo/read", func(_ context.Context, c *app.RequestContext) {
		var object map[string]any
		if err := c.BindJSON(&object); err != nil || object == nil {
			c.SetStatusCode(400)
			return
		}
		object["server"] = message.Server
		c.JSON(200, object)
	})
	h.Spin()
}
