// Command fiber is fiber v3 with go-json into a map.
package main

import (
	"log"
	"os"

	"github.com/goccy/go-json"
	"github.com/gofiber/fiber/v3"

	"github.com/apiphant/apiphant/bench/message"
)

func main() {
	app := fiber.New(fiber.Config{JSONEncoder: json.Marshal, JSONDecoder: json.Unmarshal})
	app.Post("/api/v0/echo/read", func(c fiber.Ctx) error {
		var object map[string]any
		if err := c.Bind().JSON(&object); err != nil || object == nil {
			return fiber.ErrBadRequest
		}
		object["server"] = message.Server
		return c.JSON(object)
	})
	log.Fatal(app.Listen(os.Args[1], fiber.ListenConfig{DisableStartupMessage: true}))
}
