package api

import (
	"context"
	"errors"
	"os"
)

func Start(context.Context) error {
	if os.Getenv("UNLUCKY") == "start" {
		return errors.New("no database")
	}
	return nil
}
