package doortest

import (
	"context"
	"time"

	"github.com/apiphant/apiphant"
)

// newAPI returns the API that the cases ask.
func newAPI() *apiphant.API {
	api := &apiphant.API{
		Timeout:      100 * time.Millisecond,
		AllowOrigins: []string{"https://app.example.com", "https://*.example.org"},
	}
	api.Handle("v0/echo", apiphant.Actions{
		Create: apiphant.Func(create), Read: apiphant.Func(echo), Update: apiphant.Func(update), Delete: apiphant.Func(remove),
	})
	api.Handle("v1/echo", apiphant.Actions{Read: apiphant.Func(echoV1)})
	api.Handle("v0/shop/orders/items", apiphant.Actions{Update: apiphant.Func(update)})
	read := func(target string, action apiphant.Action) { api.Handle(target, apiphant.Actions{Read: action}) }
	addShapes(read)
	addBounds(read)
	addFiles(read)
	addAnswers(read)
	addFields(read)
	addTyped(read)
	addTypes(read)
	addDescribed(api, read)
	addErrors(read)
	addRaw(read)
	addStreams(api, read)
	addRules(read)
	addMiddleware(api, read)
	addSites(api, read)
	addAddresses(api, read)
	return api
}

// echo answers with the request.
func echo(_ context.Context, request apiphant.Object) (apiphant.Object, error) { return request, nil }

func echoV1(context.Context, apiphant.Object) (apiphant.Object, error) {
	return apiphant.Object{"version": "v1"}, nil
}

func create(context.Context, apiphant.Object) (apiphant.Object, error) {
	return apiphant.Object{"did": "create"}, nil
}

func update(context.Context, apiphant.Object) (apiphant.Object, error) {
	return apiphant.Object{"did": "update"}, nil
}

func remove(context.Context, apiphant.Object) (apiphant.Object, error) {
	return apiphant.Object{"did": "delete"}, nil
}
