// Package api is a REST API for AWS Lambda: the README's example of Peyton, a framework
// for Python. The same functions answer by any other door.
package api

import "github.com/apiphant/apiphant/rest"

// Rest has the verbs and paths.
func Rest() rest.Routes {
	return rest.Routes{
		"GET /{$}":  "v0/index/read",
		"PUT /{$}":  "v0/index/update",
		"POST /{$}": "v0/index/create",

		"GET /foo/{foo_id}/bar/{bar_id}":  "v0/bars/read",
		"PUT /foo/{foo_id}/bar/{bar_id}":  "v0/bars/update",
		"POST /foo/{foo_id}/bar/{bar_id}": "v0/bars/create",
	}
}
