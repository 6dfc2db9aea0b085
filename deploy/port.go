package deploy

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// socket is a TCP socket of this machine that listens.
type socket struct {
	address netip.AddrPort
	inode   string
}

// sockets returns all that listen, by Linux's /proc/net/tcp; nothing on other systems.
func sockets() (listening []socket) {
	for _, file := range []string{"/proc/self/net/tcp", "/proc/self/net/tcp6"} {
		content, _ := os.ReadFile(file)
		for line := range strings.Lines(string(content)) {
			const listen = "0A" // TCP_LISTEN of the kernel's tcp_states.h
			fields := strings.Fields(line)
			if len(fields) < 10 || fields[3] != listen {
				continue
			}
			if address, err := parseSocket(fields[1]); err == nil {
				listening = append(listening, socket{address, fields[9]})
			}
		}
	}
	return listening
}

// parseSocket parses an address of /proc/net/tcp, such as 0100007F:1F90, which is
// 127.0.0.1:8080: words of 32 bits in the order of the processor.
func parseSocket(text string) (netip.AddrPort, error) {
	words, digits, _ := strings.Cut(text, ":")
	port, err := strconv.ParseUint(digits, 16, 16)
	if err != nil {
		return netip.AddrPort{}, err
	}
	var address []byte
	for len(words) >= 8 {
		word, err := strconv.ParseUint(words[:8], 16, 32)
		if err != nil {
			return netip.AddrPort{}, err
		}
		address, words = binary.NativeEndian.AppendUint32(address, uint32(word)), words[8:]
	}
	ip, ok := netip.AddrFromSlice(address)
	if !ok {
		return netip.AddrPort{}, fmt.Errorf("%s is not an address", text)
	}
	return netip.AddrPortFrom(ip.Unmap(), uint16(port)), nil
}

// process is one that has a socket.
type process struct {
	pid        int
	name       string // of its program, "nginx"
	executable string // "" if it may not be read
}

// holders returns the processes that have each socket. Those of other users are left
// out, unless root asks.
func holders(wanted []socket) map[string][]process {
	found := map[string][]process{}
	descriptors, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, descriptor := range descriptors {
		link, err := os.Readlink(descriptor)
		inode, isSocket := strings.CutPrefix(link, "socket:[")
		inode = strings.TrimSuffix(inode, "]")
		if err != nil || !isSocket || !slices.ContainsFunc(wanted, func(s socket) bool { return s.inode == inode }) {
			continue
		}
		folder := filepath.Dir(filepath.Dir(descriptor))
		pid, _ := strconv.Atoi(filepath.Base(folder))
		name, _ := os.ReadFile(folder + "/comm")
		executable, _ := os.Readlink(folder + "/exe")
		found[inode] = append(found[inode], process{pid, strings.TrimSpace(string(name)), executable})
	}
	return found
}

// overlaps reports whether two sockets can't listen at both addresses.
func overlaps(wanted, has netip.AddrPort) bool {
	if wanted.Port() != has.Port() {
		return false
	}
	if wanted.Addr().Is6() && has.Addr().Is4() {
		return false
	}
	return wanted.Addr() == has.Addr() || wanted.Addr().IsUnspecified() || has.Addr().IsUnspecified()
}

// wantedPort is an address at which the deployment listens, and whose the processes are
// that may listen there already.
type wantedPort struct {
	address string
	isOwn   func(process) bool
}

func (w *work) wantedPorts(ctx context.Context) (wanted []wantedPort) {
	if w.manager != nil && w.Processes > 0 {
		for _, port := range append(w.Ports(), w.StandIn) {
			wanted = append(wanted, wantedPort{w.Address(port), func(p process) bool { return w.isOwnProcess(ctx, p, port) }})
		}
	}
	if w.nginx {
		listen := w.Listen
		if w.TLSCertificate != "" {
			listen = slices.Concat(listen, w.TLSListen)
		}
		for _, address := range listen {
			if !strings.Contains(address, ":") {
				address = "0.0.0.0:" + address
			}
			wanted = append(wanted, wantedPort{address, nginx{w.Deployment}.isOwnProcess})
		}
	}
	return wanted
}

// foreignPorts returns the ports of the deployment at which programs listen that are
// not its own.
func (w *work) foreignPorts(ctx context.Context) (foreign []error) {
	listening := sockets()
	var has map[string][]process
	for _, wanted := range w.wantedPorts(ctx) {
		address, err := netip.ParseAddrPort(wanted.address)
		if err != nil {
			continue // a name, which nginx looks up
		}
		for _, socket := range listening {
			if !overlaps(address, socket.address) {
				continue
			}
			if has == nil {
				has = holders(listening)
			}
			if !slices.ContainsFunc(has[socket.inode], wanted.isOwn) && isTaken(address) {
				foreign = append(foreign, fmt.Errorf("%s listens at %s", describe(has[socket.inode]), socket.address))
			}
		}
	}
	return foreign
}

// isTaken reports whether nobody can listen at an address because somebody does. A
// listener for IPv6 may take the same port of IPv4 or not, which /proc does not say.
func isTaken(address netip.AddrPort) bool {
	network := "tcp4"
	if address.Addr().Is6() {
		network = "tcp6"
	}
	listener, err := net.Listen(network, address.String())
	if err == nil {
		listener.Close()
	}
	return errors.Is(err, syscall.EADDRINUSE)
}

func describe(processes []process) string {
	if len(processes) == 0 {
		return "another program"
	}
	return fmt.Sprintf("%s (process %d)", processes[0].name, processes[0].pid)
}

// isOwnProcess reports whether a process runs a release of the product, or is systemd
// with the product's listener.
func (w *work) isOwnProcess(ctx context.Context, p process, port int) bool {
	if manager, ok := w.manager.(*systemd); ok && p.pid == 1 {
		return manager.show(ctx, manager.socket(port), "ActiveState") == "active"
	}
	return w.isRelease(p.executable)
}

// isRelease reports whether an executable is that of a release, also of one that was
// removed meanwhile.
func (d *Deployment) isRelease(executable string) bool {
	releases, err := filepath.EvalSymlinks(d.releasesDir())
	return err == nil && strings.HasPrefix(executable, releases+"/")
}

// isOwnProcess reports whether a process is the nginx of this machine, or one of its
// workers.
func (n nginx) isOwnProcess(p process) bool {
	master, err := os.ReadFile(n.NginxPID())
	if err != nil || p.name != "nginx" {
		return false
	}
	id := strings.TrimSpace(string(master))
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.pid))
	_, rest, _ := strings.Cut(string(stat), ") ") // the name of a program may have spaces
	fields := strings.Fields(rest)
	return strconv.Itoa(p.pid) == id || len(fields) > 1 && fields[1] == id
}
