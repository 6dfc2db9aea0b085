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

	// fewestConnections is the least that a server can work with. A browser opens six.
	fewestConnections = 8

	// fewestRefused is for how many connections at least that are being refused there
	// are descriptors. A further one is closed without a response.
	fewestRefused = 8

	// fewConnections is when the log tells that there is not room for many.
	fewConnections = 100

	// unknownDescriptors is how many are taken to be open where that can't be found out.
	unknownDescriptors = 16
)

// descriptors is how the file descriptors of a process are divided.
type descriptors struct {
	most     int // that the process may have: RLIMIT_NOFILE
	open     int // before the server serves
	refusing int // for connections that are being refused
	reserved int // for the program and the product, beyond those that are open
}

// divide divides the descriptors. Reserved are those that the program needs, and at
// least a tenth of all, which is for what functions open.
func divide(most, open, others int) descriptors {
	d := descriptors{most: most, open: open, refusing: min(maxRefused, max(fewestRefused, most/20))}
	d.reserved = max(ownDescriptors+others+d.refusing+1, most/10) // 1: what was accepted and is to be refused
	return d
}

// connections returns for how many connections there is room.
func (d descriptors) connections() int { return max(0, d.most-d.open-d.reserved) }

// check returns an error where there is no room to serve.
func (d descriptors) check() error {
	if d.connections() >= fewestConnections {
		return nil
	}
	return fmt.Errorf("RLIMIT_NOFILE lets this process have %d file descriptors: %d are open, and %d are kept for the program itself, "+
		"so there is no room for the %d connections that are the least: want a limit of %d or more, better 1024 "+
		"(ulimit -n, LimitNOFILE= of systemd, minfds of supervisord)",
		d.most, d.open, d.reserved, fewestConnections, d.open+d.reserved+fewestConnections)
}

// CheckDescriptors returns an error where the process may have too few file
// descriptors to serve. [Server.Serve] does so too; a program calls it before it
// begins anything else.
func (s *Server) CheckDescriptors() error { return s.divide().check() }

func (s *Server) divide() descriptors {
	return divide(maxDescriptors(), openDescriptors(), max(0, s.OtherDescriptors))
}

// warnOfFew logs that descriptors are the bound of connections, if they are few.
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
