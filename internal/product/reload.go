package product

import (
	"io"
	"net"
	"time"
)

// ReloadOptions says how [Product.Reload] runs the program.
type ReloadOptions struct {
	// Listener is what the program serves on: it stays open from one program to
	// the next, so no connection is refused. It needs a method File, as those of
	// package net have. The caller closes it.
	Listener net.Listener

	Args []string // of the program, without its own name
	Env  []string // of the program; nil: this process's

	// Stdout and Stderr are the program's; what Reload has to say goes to Stderr
	// too. nil: nowhere. What is not an *os.File must be safe for concurrent use.
	Stdout, Stderr io.Writer

	Poll time.Duration // looks for changes that often, where no events of files come; 0: waits for events

	Ready time.Duration // in which a new program must be ready; 0: 15 s
}
