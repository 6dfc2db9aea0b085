package api

import (
	"context"
	"errors"
	"log/slog"
	"os"

	"github.com/apiphant/apiphant/rest"
)

func Start(ctx context.Context) error {
	switch os.Getenv("SHOP_START") {
	case "fails":
		return errors.New("no luck")
	case "panics":
		panic("on purpose")
	}
	return nil
}

func Stop(ctx context.Context) error {
	slog.InfoContext(ctx, "Stop was called")
	return nil
}

func Rest() rest.Routes { return rest.Routes{"GET /files/{path...}": "v0/echo/read"} }
