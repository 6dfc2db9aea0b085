// Package cli is the commands that a person types, one file each. Their flags,
// errors and exit statuses work as a built product's do: see package internal/command.
package cli
