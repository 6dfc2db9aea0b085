// Command echo is echo v4, into a map.
package main

import (
	"log"
	"net/http"
	"os"

	"github.com/labstack/echo/v4"

	"github.com/apiphant/apiphant/bench/message"
)

func main() {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.POST("/api/v0/echo/read", func(c echo.Context) error {
		object := map[string]any{}
		if err := c.Bind(&object); err != nil {
			return err
		}
		object["server"] = message.Server
		return c.JSON(http.StatusOK, object)
	})
	log.Fatal(e.Start(os.Args[1]))
}
