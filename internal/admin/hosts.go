package admin

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"

	"github.com/apiphant/apiphant/internal/hosts"
)

// own decides which hosts the admin address may be asked as. Without that, a page
// whose name resolves to the address (DNS rebinding) could read profiles.
type own struct {
	named     hosts.Set
	listening netip.Addr // where it is unspecified, so that the machine's addresses are many, any address is its own
}

// newOwn returns the hosts of the address that a listener was opened for: localhost
// and all loopback addresses, the address itself, the machine's name, and those of
// --hosts.
func newOwn(hostPort string, listening net.Addr, further []string) own {
	names := append([]string{"localhost"}, further...)
	name, _, _ := net.SplitHostPort(hostPort)
	machine, _ := os.Hostname()
	short, _, _ := strings.Cut(machine, ".")
	for _, name := range []string{name, machine, short} {
		if _, err := hosts.Parse([]string{name}); err == nil && name != "*" {
			names = append(names, name)
		}
	}
	named, _ := hosts.Parse(names) // each is right
	o := own{named: named}
	if at, err := netip.ParseAddrPort(listening.String()); err == nil {
		o.listening = at.Addr().Unmap()
	}
	return o
}

func (o own) has(host string) bool {
	if o.named.Has(host) {
		return true
	}
	address, ok := hosts.Address(host)
	return ok && (address.IsLoopback() || address == o.listening || o.listening.IsUnspecified())
}

// only answers requests for other hosts with 421.
func (o own) only(a *Admin) http.Handler {
	answer := a.handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if o.has(r.Host) {
			answer.ServeHTTP(w, r)
			return
		}
		a.log.Warn(fmt.Sprintf("--admin was asked as %.100q, which is none of its hosts: add it to --hosts if it is", r.Host))
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusMisdirectedRequest)
		_, _ = w.Write([]byte(`{"error":"421 Misdirected Request"}`))
	})
}
