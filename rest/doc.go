// Package rest gives the functions of a product further addresses: verbs and paths, as
// REST has them. A product declares them in its package api:
//
//	func Rest() rest.Routes {
//		return rest.Routes{
//			"GET /foo/{foo_id}/bar/{bar_id}": "v0/bars/read",
//			"GET /files/{path...}":           "v0/files/read",
//		}.Resource("/items/{id}", "v0/items")
//	}
//
// A function is the same by its route, POST /api/v0/bars/read, and by such an address.
// [apiphant.API.Address] says what patterns there are and how a request is made of the
// path, the query and the body.
package rest
