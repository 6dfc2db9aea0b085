package events

import (
	"context"
	"errors"
	"fmt"

	"github.com/apiphant/apiphant/lambda"
)

func Message(ctx context.Context, message lambda.Message) error {
	switch message.Text {
	case "fails":
		return errors.New("no luck")
	case "panics":
		panic("on purpose")
	}
	return nil
}

func File(ctx context.Context, file lambda.File) error {
	return fmt.Errorf("the file %s is not wanted", file.Name)
}

func Event(ctx context.Context, event lambda.Event) (any, error) {
	if event.Source == "panics" {
		panic("on purpose")
	}
	return map[string]string{"source": event.Source}, nil
}
