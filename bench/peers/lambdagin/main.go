// Command lambdagin is gin behind the adapter of aws-lambda-go-api-proxy.
package main

import (
	"net/http"

	"github.com/aws/aws-lambda-go/lambda"
	ginadapter "github.com/awslabs/aws-lambda-go-api-proxy/gin"
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
	lambda.Start(ginadapter.NewV2(engine).ProxyWithContext)
}
