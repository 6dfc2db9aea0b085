// Package jsongen generates random Go types, values of them, and JSON documents for them.
// The differential tests use it to compare packages decode and encode with
// encoding/json. The same seed generates the same.
package jsongen
