// Package response holds the rules of an answer that a function writes itself,
// the same for every door: which statuses WriteHeader takes, when the headers
// are final, what may follow a 204, when a Content-Type is detected, and what
// happens to a body that is not as long as its Content-Length says. They are
// net/http's, with one exception: up to [MaxBuffered] bytes are held back, so
// that a function that fails soon is still answered with an error.
//
// [Writer] is the [http.ResponseWriter] with these rules. A door implements
// [Output], which takes the answer to the client.
package response
