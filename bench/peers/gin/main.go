// Command gin is gin, without its log, into a map.
package main

import (
	"log"
	"net/http"
	"os"

	"github.com/gin-gonic/gin"

	"github.com/apiphant/apiphant/bench/message"
)

func main() {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.Use(gin.Recovery())
	engine.POST("/api/v0/echo/read", func(c *gin.Context) {
		var object map[string]any
		if err := c.ShouldBindJSON(&object); err != nil || object == nil {
			c.Status(http.StatusBadRequest)
			return
		}
		object["server"] = message.Server
		c.JSON(http.StatusOK, object)
	})
	log.Fatal(engine.Run(os.Args[1]))
}
