package server

import (
	"fmt"
	"os"
)

const (
	// ownDescriptors are those that the program opens now and then while it serves:
	// connections to --admin, the log's file anew, certificates, the temporary files
	// of requests with files, what a successor is started with.
	ownDescriptors = 16

	// fewestConnections is the smallest number of connections that a server starts
	// with. A browser opens six.
	fewestConnections = 8

	// fewestRefused is the smallest number of connections that can be answered with 503
	// at the same time. Each needs a descriptor; one that has none is closed without a
	// response.
	fewestRefused = 8

	// fewConnections is the number of connections below which the log warns that the
	// limit of descriptors is low.
	fewConnections = 100

	// unknownDescriptors is the number of open descriptors that is assumed where the
	// system does not say it.
	unknownDescriptors = 16
)

// descriptors says what the file descriptors of a process are used for.
type descriptors struct {
	most     int // RLIMIT_NOFILE
	open     int // those that were open when the server started
	refusing int // those kept for connections that are being refused
	reserved int // those kept for the program and the product, with refusing and without open
}

// divide divides the descriptors. It reserves what the program needs, and at least a
// tenth of all, for what the product's functions open.
func divide(most, open, others int) descriptors {
	d := descriptors{most: most, open: open, refusing: min(maxRefused, max(fewestRefused, most/20))}
	d.reserved = max(ownDescriptors+others+d.refusing+1, most/10) // 1: what was accepted and is to be refused
	return d
}

// connections returns how many connections may be open at the same time.
func (d descriptors) connections() int { return max(0, d.most-d.open-d.reserved) }

// check returns an error if there are too few descriptors to serve.
func (d descriptors) check() error {
	if d.connections() >= fewestConnections {
		return nil
	}
	return fmt.Errorf("RLIMIT_NOFILE lets this process have %d file descriptors: %d are open, and %d are kept for the program itself, "+
		"so there is no room for the %d connections that are the least: want a limit of %d or more, better 1024 "+
		"(ulimit -n, LimitNOFILE= of systemd, minfds of supervisord)",
		d.most, d.open, d.reserved, fewestConnections, d.open+d.reserved+fewestConnections)
}

// CheckDescriptors returns an error if the process may have too few file descriptors
// to serve. [Server.Serve] checks the same. A program calls CheckDescriptors before it
// does anything else.
func (s *Server) CheckDescriptors() error { return s.divide().check() }

func (s *Server) divide() descriptors {
	return divide(maxDescriptors(), openDescriptors(), max(0, s.OtherDescriptors))
}

// warnOfFew logs a warning if RLIMIT_NOFILE leaves few connections.
func (s *Server) warnOfFew() {
	if d := s.descriptors; s.conns.most == d.connections() && s.conns.most < fewConnections {
		s.log.Warn(fmt.Sprintf("RLIMIT_NOFILE of %d leaves room for %d connections: raise it (ulimit -n, LimitNOFILE= of systemd, minfds of supervisord)",
			d.most, s.conns.most))
	}
}

// openDescriptors returns how many descriptors the process has open.
func openDescriptors() int {
	entries, err := os.ReadDir("/dev/fd") // of Linux, macOS and the BSDs
	if err != nil {
		return unknownDescriptors
	}
	return len(entries) - 1 // without that of the folder
}
