// Package auth finds out who is calling, and decides what they may do. It has small pieces,
// each usable alone: middlewares, and plain values.
//
//	package api
//
//	var tokens = auth.Tokens{Issuer: "myproduct", Audience: "myproduct"}
//
//	func Middleware(next apiphant.Handler) apiphant.Handler {
//		return auth.Bearer(tokens, auth.Optional())(next)
//	}
//
//	// in a target's package
//	func Middleware(next apiphant.Handler) apiphant.Handler { return auth.Require("orders")(next) }
//
//	// in a function
//	user, ok := auth.Of(ctx)
//
// [Tokens] issues and verifies signed tokens, with the keys of APIPHANT_TOKEN_KEYS_FILE,
// which "apiphant keys new FILE" makes. [HashPassword] and [CheckPassword] are for
// passwords, [Cipher] is for what must be stored readable.
package auth
