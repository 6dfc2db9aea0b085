package command

import (
	"fmt"
	"net/netip"
	"strings"
)

// Networks is a list of IP networks as the value of a flag:
// 10.0.0.0/8,192.0.2.1,2001:db8::/32.
type Networks []netip.Prefix

// Set appends the networks in text, which are separated by commas.
func (n *Networks) Set(text string) error {
	for element := range strings.SplitSeq(text, ",") {
		network, err := parseNetwork(strings.TrimSpace(element))
		if err != nil {
			return err
		}
		*n = append(*n, network)
	}
	return nil
}

func parseNetwork(text string) (netip.Prefix, error) {
	network, err := netip.ParsePrefix(text)
	if err != nil {
		var address netip.Addr
		if address, err = netip.ParseAddr(text); err == nil {
			network, err = address.Unmap().Prefix(address.Unmap().BitLen())
		}
	}
	if err != nil || network.Addr().Zone() != "" || network.Addr().Is4In6() {
		return netip.Prefix{}, fmt.Errorf("want addresses or networks with commas between them, such as 127.0.0.1,10.0.0.0/8,2001:db8::/32, got %q", text)
	}
	return network.Masked(), nil
}

// String returns the list in the form that Set parses.
func (n Networks) String() string {
	texts := make([]string, len(n))
	for i, network := range n {
		texts[i] = network.String()
	}
	return strings.Join(texts, ",")
}

// Type returns the value's name in help texts.
func (n *Networks) Type() string { return "networks" }
