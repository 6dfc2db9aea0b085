// Package serve is a door that does nothing: package program serves.
package serve

type Door struct{}
